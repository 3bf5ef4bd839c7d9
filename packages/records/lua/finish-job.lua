-- Ends a job, exactly once: any live state -> terminal. Everything that follows from the end is written with it.
-- KEYS: 1 job, 2 timeline, 3 live jobs, 4 retained jobs, 5 outbox, 6 this job's index of children,
--       7 tenants with somebody who wants to know, 8 ledger, 9 loads, 10 deltas,
--       11 the batch's own job, 12 its ended children that are in no file (11 and 12 children only)
-- ARGV: 1 job id, 2 new state, 3 now (epoch ms), 4 event id, 5 retention (ms), 6 states it may end from as `,a,b,`
--       (empty: any live one), 7 '1' refuses a job that has started, 8 event (JSON), 9 attempt (JSON, or empty),
--       10 channel, 11 batch id (children only, else empty), 12 entry of the ledger (JSON, or empty), 13 the run that
--       ends it, empty for any: one that was taken over ends nothing, 14 time for which the deltas stay (ms),
--       15… field and value pairs of the record
-- Replies: {'finished', 'job'|'batch'} | {'already', terminal state} | {'refused', live state} | {'missing'}

local found = redis.call('HMGET', KEYS[1], 'state', 'startedAt', 'attempts', 'webhook', 'tenant', 'total', 'startBy',
  'run', 'retries', 'deltas', 'fed', 'times', 'waitingOn')
local state = found[1]
if not state then
  return { 'missing' }
end
if not isLive(state) then
  return { 'already', state }
end
local allowed = ARGV[6] == '' or string.find(ARGV[6], ',' .. state .. ',', 1, true)
local isStale = ARGV[13] ~= '' and ARGV[13] ~= found[8]
if not allowed or isStale or (ARGV[7] == '1' and found[2]) then
  return { 'refused', state }
end

dropMemberFirst(KEYS[3], ARGV[1])
if found[13] then
  redis.call('HDEL', KEYS[1], 'waitingOn')
end
local times, now, lasted = spendTime(found[12], ARGV[3], 'ended')
local fields = { 'state', ARGV[2], 'endedAt', string.format('%d', now), 'times', times, unpack(ARGV, 15) }
if ARGV[9] ~= '' then
  local count = #fields
  fields[count + 1], fields[count + 2] = 'attempts', found[3] and (found[3] .. ',' .. ARGV[9]) or ARGV[9]
end
redis.call('HSET', KEYS[1], unpack(fields))
-- A batch was counted with all of its children: those that it never had are given back here, the others end on their own.
-- Those of a file were counted as they came.
local tenant, total = found[5], tonumber(found[6])
local neverHad = total and not found[11] and total - redis.call('ZCARD', KEYS[6]) or 0
local ofLoads = loadFields(tenant)
fetchFields(KEYS[9], ofLoads.jobs, ofLoads.bytes, ofLoads.running, ofLoads.backAt, ofLoads.took)
addLoad(KEYS[9], tenant, 'jobs', -(1 + neverHad))
addLoad(KEYS[9], tenant, 'bytes', -redis.call('HSTRLEN', KEYS[1], 'input'))
if state == 'in_progress' and not total then
  endRun(KEYS[9], tenant, lasted)
end
redis.call('RPUSH', KEYS[2], ARGV[8])
if ARGV[12] ~= '' then
  redis.call('XADD', KEYS[8], '*', 'entry', ARGV[12])
end

local retentionMs = tonumber(ARGV[5])
-- A child is told of with its batch, unless it has a webhook of its own.
if found[4] or (not KEYS[11] and readField(KEYS[7], tenant)) then
  -- Each try of a job ends once, with an event of its own.
  local eventId = found[9] and (ARGV[4] .. '_r' .. found[9]) or ARGV[4]
  redis.call('XADD', KEYS[5], '*', 'event', eventId, 'job', ARGV[1], 'kind', 'finished')
end
if KEYS[11] then
  local parent = redis.call('HMGET', KEYS[11], 'state', 'total', 'fed')
  if parent[1] then
    local ended = redis.call('HINCRBY', KEYS[11], 'ended', 1)
    if ARGV[2] ~= 'completed' then
      redis.call('HINCRBY', KEYS[11], 'failed', 1)
    end
    if isLive(parent[1]) then
      -- The batch still has to read this child: it stays for as long as its siblings may wait, and longer.
      retentionMs = retentionMs + math.max(0, (tonumber(found[7]) or 0) - tonumber(ARGV[3]))
      if parent[3] then
        redis.call('RPUSH', KEYS[12], ARGV[1])
        redis.call('PEXPIRE', KEYS[12], retentionMs)
      end
      if ended == tonumber(parent[2]) then
        redis.call('XADD', KEYS[5], '*', 'event', ARGV[11], 'job', ARGV[11], 'kind', 'batch_ready')
      end
    end
  end
else
  addMember(KEYS[4], string.format('%d', ARGV[3] + retentionMs), ARGV[1] .. ' ' .. tenant)
end

local ttl = string.format('%d', retentionMs)
redis.call('PEXPIRE', KEYS[1], ttl)
redis.call('PEXPIRE', KEYS[2], ttl)
if total then
  redis.call('PEXPIRE', KEYS[6], ttl)
end
if found[10] then
  redis.call('PEXPIRE', KEYS[10], math.min(retentionMs, tonumber(ARGV[14])))
end
-- Whoever waits for the end is told the record behind the news, without its input, and need not ask for it.
if redis.call('PUBLISH', ARGV[10], ARGV[2]) > 0 and redis.call('HSTRLEN', KEYS[1], 'result') <= 16384 then
  local told, pairs = {}, redis.call('HGETALL', KEYS[1])
  for i = 1, #pairs, 2 do
    if pairs[i] ~= 'input' then told[#told + 1], told[#told + 2] = pairs[i], pairs[i + 1] end
  end
  redis.call('PUBLISH', ARGV[10], cjson.encode(told))
end
return { 'finished', total and 'batch' or 'job' }
