-- Creates the record of a job, once, remembers its Idempotency-Key and runs `part`, which places the job's ticket and
-- returns its rank: all in one step, so that no crash comes between.
-- A tenant that has as much as it may have gets nothing more. A batch counts as itself and all of its children, one of a file
-- as itself: its children are counted as they come.
-- KEYS: 1 job, 2 live jobs, 3 the tenant's index (of batches for one of a file), 4 loads, 5 Idempotency-Key (only with one)
-- ARGV: 1 job id, 2 next check (epoch ms), 3 fingerprint of the body, 4 time the Idempotency-Key is remembered (ms)
--       (3 and 4 are empty without a key), 5 tenant, 6 how many jobs it is, 7 most jobs and 8 most bytes of a tenant that
--       has no caps of its own (empty: any number), 9 how many shards share the caps, 10… field and value pairs of the
--       record, the input first
-- Replies: {'created'} | {'replayed', job id} | {'mismatch'} | {'full', 'jobs' | 'bytes', what there is, what there may be}.
--          The same job id again changes nothing: {'created'}.

if KEYS[5] then
  local known = redis.call('HMGET', KEYS[5], 'fingerprint', 'job')
  if known[1] then
    if known[1] ~= ARGV[3] then
      return { 'mismatch' }
    end
    if known[2] ~= ARGV[1] then
      return { 'replayed', known[2] }
    end
  end
end
if redis.call('EXISTS', KEYS[1]) == 1 then
  return { 'created' }
end

local tenant, jobs, bytes = ARGV[5], tonumber(ARGV[6]), #ARGV[11]
local hasJobs, mayJobs = readLoad(KEYS[4], tenant, 'jobs', 'maxJobs', ARGV[7], ARGV[9])
if mayJobs and hasJobs + jobs > mayJobs then
  return { 'full', 'jobs', hasJobs, mayJobs }
end
local hasBytes, mayBytes = readLoad(KEYS[4], tenant, 'bytes', 'maxBytes', ARGV[8], ARGV[9])
if mayBytes and hasBytes + bytes > mayBytes then
  return { 'full', 'bytes', hasBytes, mayBytes }
end

if KEYS[5] then
  redis.call('HSET', KEYS[5], 'fingerprint', ARGV[3], 'job', ARGV[1])
  redis.call('PEXPIRE', KEYS[5], ARGV[4])
end
redis.call('HSET', KEYS[1], 'state', 'queued', 'rank', part() or 0, unpack(ARGV, 10))
addMember(KEYS[2], ARGV[2], ARGV[1])
addMember(KEYS[3], 0, ARGV[1])
addLoad(KEYS[4], tenant, 'jobs', jobs)
addLoad(KEYS[4], tenant, 'bytes', bytes)
return { 'created' }
