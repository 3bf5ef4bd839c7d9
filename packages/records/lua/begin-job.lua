-- A worker took the ticket: queued, in_progress or paused -> in_progress. Found in_progress, the worker before it died.
-- Found paused without an answer, the worker only looks whether it still waits, which no event tells.
-- A ticket of an earlier target (left behind by a crash during a fallback) must not run beside the newer one.
-- `part` is given the rank of the ticket, which has now started; a ticket that starts again has none any more.
-- A run that was lost without a handle of its call may have cost something: the ledger gets an entry that says no more.
-- KEYS: 1 job, 2 timeline, 3 ledger
-- ARGV: 1 now (epoch ms), 2 event of the begin (JSON), 3 event of an interruption (JSON), 4 most events in a timeline,
--       5 index of the target that the ticket is for, empty for any, 6 job id
-- Replies: {'run', every field and value of the record} | {'ended', state, upstream handle or ''} | {'superseded'} |
--          {'missing'}

local found = redis.call('HMGET', KEYS[1], 'state', 'targetIndex', 'total', 'answer', 'upstream', 'rank', 'request')
local state = found[1]
if not state then
  return { 'missing' }
end
if state ~= 'queued' and state ~= 'in_progress' and state ~= 'paused' then
  return { 'ended', state, found[5] or '' }
end
if ARGV[5] ~= '' and ARGV[5] ~= (found[2] or '0') then
  return { 'superseded' }
end
-- A batch is in progress while its children run: its second ticket is no sign of a death.
if state == 'in_progress' and found[3] then
  return { 'run', redis.call('HGETALL', KEYS[1]) }
end

-- First, because it cannot grow memory: Redis at maxmemory refuses a script whose first write could.
redis.call('HDEL', KEYS[1], 'waitingOn')
part(found[6])
if state == 'in_progress' then
  redis.call('HINCRBY', KEYS[1], 'interruptions', 1)
  redis.call('RPUSH', KEYS[2], ARGV[3])
  if not found[5] then
    local call = redis.call('HINCRBY', KEYS[1], 'calls', 1)
    redis.call('XADD', KEYS[3], '*', 'lost', ARGV[6], 'request', found[7], 'target', found[2] or '0', 'call', call,
      'at', ARGV[1])
  end
else
  redis.call('HSET', KEYS[1], 'state', 'in_progress', 'rank', 0)
end
redis.call('HSETNX', KEYS[1], 'startedAt', ARGV[1])
if state == 'paused' and not found[4] then
  return { 'run', redis.call('HGETALL', KEYS[1]) }
end
local excess = redis.call('RPUSH', KEYS[2], ARGV[2]) - tonumber(ARGV[4])
if excess > 0 then
  redis.call('LTRIM', KEYS[2], excess, -1)
  redis.call('HINCRBY', KEYS[1], 'droppedEvents', excess)
end
return { 'run', redis.call('HGETALL', KEYS[1]) }
