-- Functions for scripts of which many calls run as one command: what several of them change of the same hash or sorted set
-- is read once and written once, behind all of them. Most of what Redis does for a call is the commands in it. A key that
-- is changed so must not be read or changed in another way by the same command.

-- By key: of hashes { values: by field, changed: the same, forms: by field, ttl: ms }, of sorted sets { scores: by member },
-- and what is taken out of sorted sets { members }.
local heldHashes, heldSets, heldGone, answers = {}, {}, {}, {}

local function heldHash(key)
  local hash = heldHashes[key]
  if not hash then
    hash = { values = {}, changed = {}, forms = {} }
    heldHashes[key] = hash
  end
  return hash
end

-- The value of a field of a hash, as the calls before have left it; false where there is none.
local function readField(key, field)
  local values = heldHash(key).values
  local value = values[field]
  if value == nil then
    value = redis.call('HGET', key, field)
    values[field] = value
  end
  return value
end

-- Fetches fields that are going to be read, all at once, where the first of them is not known yet.
local function fetchFields(key, first, ...)
  local values = heldHash(key).values
  if values[first] == nil then
    local fields, found = { first, ... }, redis.call('HMGET', key, first, ...)
    for i = 1, #fields do
      if values[fields[i]] == nil then values[fields[i]] = found[i] end
    end
  end
end

-- What the first of the calls that ask was answered; for what no call of the command changes.
local function askOnce(command, key, ...)
  local answer = answers[command .. key]
  if answer == nil then
    answer = redis.call(command, key, ...)
    answers[command .. key] = answer
  end
  return answer
end

-- Redis's clock, epoch ms: it stands still while a command runs.
local stoppedAt
local function timeNow()
  if not stoppedAt then
    local time = redis.call('TIME')
    stoppedAt = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  return stoppedAt
end

-- A value of false takes the field away. A number is written by the form that string.format gives it, '%d' where none is told.
local function setField(key, field, value, form)
  local hash = heldHash(key)
  hash.values[field], hash.changed[field], hash.forms[field] = value, value, form
end

-- The hash lives for so many milliseconds from now.
local function keepFor(key, ms)
  heldHash(key).ttl = ms
end

-- The first write of a command: it cannot grow memory, and Redis at maxmemory refuses a script whose first write could. Takes
-- away a field of a hash, of which the value is known; later in the command only where there is one.
local hasWritten = false
local function dropFirst(key, field, value)
  if value or not hasWritten then redis.call('HDEL', key, field) end
  hasWritten = true
end

-- The same of a member of a sorted set.
local function dropMemberFirst(key, member)
  if not hasWritten then
    redis.call('ZREM', key, member)
    hasWritten = true
    return
  end
  local members = heldGone[key]
  if not members then
    members = {}
    heldGone[key] = members
  end
  members[#members + 1] = member
end

local function addMember(key, score, member)
  local scores = heldSets[key]
  if not scores then
    scores = {}
    heldSets[key] = scores
  end
  scores[member] = score
end

-- Writes what was held back.
local function writeHeld()
  for key, hash in pairs(heldHashes) do
    local pairsOfIt, gone = {}, {}
    for field, value in pairs(hash.changed) do
      if value then
        pairsOfIt[#pairsOfIt + 1] = field
        pairsOfIt[#pairsOfIt + 1] = type(value) == 'number' and string.format(hash.forms[field] or '%d', value) or value
      else
        gone[#gone + 1] = field
      end
    end
    if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
    if #pairsOfIt > 0 then redis.call('HSET', key, unpack(pairsOfIt)) end
    if hash.ttl then redis.call('PEXPIRE', key, hash.ttl) end
  end
  for key, members in pairs(heldGone) do
    redis.call('ZREM', key, unpack(members))
  end
  for key, scores in pairs(heldSets) do
    local pairsOfIt = {}
    for member, score in pairs(scores) do
      pairsOfIt[#pairsOfIt + 1] = score
      pairsOfIt[#pairsOfIt + 1] = member
    end
    redis.call('ZADD', key, unpack(pairsOfIt))
  end
end
