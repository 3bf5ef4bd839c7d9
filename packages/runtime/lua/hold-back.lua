-- Functions for scripts of which many calls run as one command: what several of them change of the same hash or sorted set
-- is read once and written once, behind all of them. Most of what Redis does for a call is the commands in it. A key that
-- is changed so must not be read or changed in another way by the same command.

-- By key: of hashes { values: by field, changed: field and value pairs, ttl: ms }, of sorted sets { scores: by member }.
local heldHashes, heldSets = {}, {}

local function heldHash(key)
  local hash = heldHashes[key]
  if not hash then
    hash = { values = {}, changed = {} }
    heldHashes[key] = hash
  end
  return hash
end

-- The values of two fields of a hash, as the calls before have left them; false where there is none.
local function readFields(key, one, other)
  local values = heldHash(key).values
  if values[one] == nil or values[other] == nil then
    local found = redis.call('HMGET', key, one, other)
    if values[one] == nil then values[one] = found[1] end
    if values[other] == nil then values[other] = found[2] end
  end
  return values[one], values[other]
end

local function setField(key, field, value)
  local hash = heldHash(key)
  hash.values[field] = value
  hash.changed[field] = value
end

-- The hash lives for so many milliseconds from now.
local function keepFor(key, ms)
  heldHash(key).ttl = ms
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
    local pairsOfIt = {}
    for field, value in pairs(hash.changed) do
      pairsOfIt[#pairsOfIt + 1] = field
      pairsOfIt[#pairsOfIt + 1] = value
    end
    if #pairsOfIt > 0 then redis.call('HSET', key, unpack(pairsOfIt)) end
    if hash.ttl then redis.call('PEXPIRE', key, hash.ttl) end
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
