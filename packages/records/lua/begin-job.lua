-- A worker took the ticket: queued, in_progress or paused -> in_progress. Found in_progress by another run, that run's
-- worker may be alive without its ticket (Redis was away for longer than a lock): see begin-job.ts for the states.
-- Found paused without an answer, the worker only looks whether it still waits, which no event tells.
-- A ticket of an earlier target or an earlier try (left behind by a crash) must not run beside the newer one.
-- A tenant of which as many jobs run as may gets no more: the ticket comes back when one of them should have ended.
-- `part` is given the rank of the ticket, which has now started; a ticket that starts again has none any more.
-- A run that was lost without a handle of a call that had started may have cost something: the ledger gets an entry that says no more.
-- KEYS: 1 job, 2 timeline, 3 ledger, 4 loads
-- ARGV: 1 now (epoch ms), 2 event of the begin (JSON), 3 event of an interruption (JSON), 4 most events in a timeline,
--       5 index of the target that the ticket is for, empty for any, 6 retry that it is for, empty for any,
--       7 this run, 8 the run that is known to be dead and is taken over, or empty, 9 job id,
--       10 most jobs that may run of a tenant without a cap of its own (empty: any number), 11 how many shards share the caps,
--       12 channel
-- Replies: {'run', every field and value of the record} | {'held', the same: another run has it} |
--          {'ended', state, upstream handle or '', index of the target} | {'superseded'} |
--          {'full', when to come back (ms from now)} | {'missing'}

local found = redis.call('HMGET', KEYS[1], 'state', 'targetIndex', 'total', 'answer', 'upstream', 'rank', 'run',
  'retries', 'tenant', 'times', 'startedAt', 'waitingOn')
local state, run = found[1], found[7] or ''
if not state then
  return { 'missing' }
end
if state ~= 'queued' and state ~= 'in_progress' and state ~= 'paused' then
  return { 'ended', state, found[5] or '', found[2] or '0' }
end
if (ARGV[5] ~= '' and ARGV[5] ~= (found[2] or '0')) or (ARGV[6] ~= '' and ARGV[6] ~= (found[8] or '0')) then
  return { 'superseded' }
end
-- A batch is in progress while its children run: its second ticket is no sign of a death. The same run once more is this
-- very call, when its first reply was lost with the connection.
if state == 'in_progress' and (found[3] or (run ~= '' and run == ARGV[7])) then
  return { 'run', redis.call('HGETALL', KEYS[1]) }
end
if state == 'in_progress' and run ~= '' and run ~= ARGV[8] then
  return { 'held', redis.call('HGETALL', KEYS[1]) }
end

-- Tickets that come back are told one time after the other, twice as many as runs end in that time, within a minute.
local function comeBack(tenant, most)
  local took, backAt = readField(KEYS[4], tenant .. ' took') or 1000, readField(KEYS[4], tenant .. ' backAt') or 0
  local now, between = tonumber(ARGV[1]), math.max(20, math.min(tonumber(took), 10000)) / most
  local at = math.min(math.max(tonumber(backAt), now + between) + between / 2, now + 60000)
  setField(KEYS[4], tenant .. ' backAt', string.format('%.3f', at))
  return math.ceil(at - now)
end

local tenant, isBatch, isLook = found[9], found[3], state == 'paused' and not found[4]
if state == 'queued' and not isBatch then
  local runs, most = readLoad(KEYS[4], tenant, 'running', 'maxRunning', ARGV[10], ARGV[11])
  if most and runs >= most then
    return { 'full', comeBack(tenant, most) }
  end
end

dropFirst(KEYS[1], 'waitingOn', found[12])
part(found[6])
if state == 'in_progress' then
  redis.call('HINCRBY', KEYS[1], 'interruptions', 1)
  redis.call('RPUSH', KEYS[2], ARGV[3])
  if not found[5] or cjson.decode(found[5]).state ~= 'started' then
    local call = redis.call('HINCRBY', KEYS[1], 'calls', 1)
    redis.call('XADD', KEYS[3], '*', 'lost', ARGV[9], 'request', redis.call('HGET', KEYS[1], 'request'), 'target', found[2] or '0', 'call', call,
      'at', ARGV[1])
  end
elseif not isBatch then
  addLoad(KEYS[4], tenant, 'running', 1)
end
local times = spendTime(found[10], ARGV[1], isLook and 'paused' or 'running', state == 'in_progress' and 'interrupted')
redis.call('HSET', KEYS[1], 'state', 'in_progress', 'rank', '0', 'run', ARGV[7], 'times', times,
  'startedAt', found[11] or ARGV[1])
if isLook then
  return { 'run', redis.call('HGETALL', KEYS[1]) }
end
local excess = redis.call('RPUSH', KEYS[2], ARGV[2]) - tonumber(ARGV[4])
if excess > 0 then
  redis.call('LTRIM', KEYS[2], excess, -1)
  redis.call('HINCRBY', KEYS[1], 'droppedEvents', excess)
end
redis.call('PUBLISH', ARGV[12], '')
return { 'run', redis.call('HGETALL', KEYS[1]) }
