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
-- Replies: {'run', the record: fields and values with \0 between them (one text is read faster than many), of which the last
--          value of a field counts} | {'held', the same: another run has it} |
--          {'ended', state, upstream handle or '', index of the target} | {'superseded'} |
--          {'full', when to come back (ms from now)} | {'missing'}

local record = redis.call('HGETALL', KEYS[1])
local found = { state = false, targetIndex = false, total = false, answer = false, upstream = false, rank = false,
  run = '', retries = '0', tenant = false, times = false, startedAt = false, waitingOn = false, request = false }
for i = 1, #record, 2 do found[record[i]] = record[i + 1] end
local state, run, target, isBatch = found.state, found.run, found.targetIndex or '0', found.total
if not state then
  return { 'missing' }
end
if not isLive(state) then
  return { 'ended', state, found.upstream or '', target }
end
if (ARGV[5] ~= '' and ARGV[5] ~= target) or (ARGV[6] ~= '' and ARGV[6] ~= found.retries) then
  return { 'superseded' }
end
-- A batch is in progress while its children run: its second ticket is no sign of a death. The same run once more is this
-- very call, when its first reply was lost with the connection.
if state == 'in_progress' and (isBatch or (run ~= '' and run == ARGV[7])) then
  return { 'run', table.concat(record, '\0') }
end
if state == 'in_progress' and run ~= '' and run ~= ARGV[8] then
  return { 'held', table.concat(record, '\0') }
end

local tenant, isLook = found.tenant, state == 'paused' and not found.answer
if state == 'queued' and not isBatch then
  local runs, most = readLoad(KEYS[4], tenant, 'running', 'maxRunning', ARGV[10], ARGV[11])
  if most and runs >= most then
    return { 'full', comeBack(KEYS[4], tenant, most, tonumber(ARGV[1])) }
  end
end

dropFirst(KEYS[1], 'waitingOn', found.waitingOn)
part(found.rank)
local phase, on = isLook and 'paused' or 'running', state == 'in_progress' and 'interrupted'
local times = spendTime(found.times, ARGV[1], phase, on)
local changed = { 'state', 'in_progress', 'rank', '0', 'run', ARGV[7], 'startedAt', found.startedAt or ARGV[1], 'times', times }
local function add(name, more)
  changed[#changed + 1] = name
  changed[#changed + 1] = string.format('%d', (found[name] or 0) + more)
end
if state == 'in_progress' then
  add('interruptions', 1)
  redis.call('RPUSH', KEYS[2], ARGV[3])
  if not found.upstream or cjson.decode(found.upstream).state ~= 'started' then
    add('calls', 1)
    redis.call('XADD', KEYS[3], '*', 'lost', ARGV[9], 'request', found.request, 'target', target, 'call', changed[#changed],
      'at', ARGV[1])
  end
elseif not isBatch then
  addLoad(KEYS[4], tenant, 'running', 1)
end
if not isLook then
  local excess = redis.call('RPUSH', KEYS[2], ARGV[2]) - tonumber(ARGV[4])
  if excess > 0 then
    redis.call('LTRIM', KEYS[2], excess, -1)
    add('droppedEvents', excess)
  end
  redis.call('PUBLISH', ARGV[12], '')
end
redis.call('HSET', KEYS[1], unpack(changed))
-- A field has gone.
if found.waitingOn then
  record = redis.call('HGETALL', KEYS[1])
end
local count = #record
for i = 1, #changed do record[count + i] = changed[i] end
return { 'run', table.concat(record, '\0') }
