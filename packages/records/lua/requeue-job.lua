-- Gives a job back to its lane: in_progress -> queued, on wait, retry and fallback. Any other state is left as it is.
-- A job that is queued already was given back: by this very call, when its first reply was lost with the connection.
-- A run that came to no attempt, of a job that never had one, did not start it: `startedAt` goes with it.
-- On fallback `part` places the ticket of the next target and returns its rank.
-- KEYS: 1 job, 2 timeline, 3 ledger, 4 loads
-- ARGV: 1 event (JSON), 2 attempt (JSON, or empty for none), 3 '1' drops the upstream handle,
--       4 entry of the ledger (JSON, or empty for none), 5 the number of its call, 6 the run that gives it
--       back, empty for any: one that was taken over moves nothing, 7 now (epoch ms),
--       8 phase that begins, 9 phase that the run was (empty: running), see spend-time.lua, 10 channel,
--       11… field and value pairs of the record
-- Replies: 1 queued, 2 was queued already, 0 not queued: the entry was not written

local found = redis.call('HMGET', KEYS[1], 'state', 'attempts', 'interruptions', 'calls', 'run',
  'tenant', 'total', 'times')
local function book()
  if ARGV[4] == '' or tonumber(ARGV[5]) <= tonumber(found[4] or 0) then
    return
  end
  redis.call('HSET', KEYS[1], 'calls', ARGV[5])
  redis.call('XADD', KEYS[3], '*', 'entry', ARGV[4])
end

if found[1] == 'queued' then
  book()
  return 2
end
if found[1] ~= 'in_progress' then
  return 0
end
if ARGV[6] ~= '' and ARGV[6] ~= found[5] then
  return 0
end

-- First, because it cannot grow memory: Redis at maxmemory refuses a script whose first write could.
redis.call('HDEL', KEYS[1], 'waitingOn')
if ARGV[3] == '1' then
  redis.call('HDEL', KEYS[1], 'upstream')
end
local attempts = found[2]
if ARGV[2] ~= '' then
  attempts = attempts and (attempts .. ',' .. ARGV[2]) or ARGV[2]
  redis.call('HSET', KEYS[1], 'attempts', attempts)
elseif not attempts and not found[3] then
  redis.call('HDEL', KEYS[1], 'startedAt')
end
local rank = part()
if rank then
  redis.call('HSET', KEYS[1], 'rank', rank)
end
local times, _, lasted = spendTime(found[8], ARGV[7], ARGV[8], ARGV[9] ~= '' and ARGV[9])
redis.call('HSET', KEYS[1], 'state', 'queued', 'times', times, unpack(ARGV, 11))
if not found[7] then
  endRun(KEYS[4], found[6], lasted)
end
book()
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('PUBLISH', ARGV[10], '')
return 1
