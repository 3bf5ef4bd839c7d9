-- Creates the record of a job, once, remembers its Idempotency-Key and runs `part`, which places the job's ticket and
-- returns its rank: all in one step, so that no crash comes between.
-- KEYS: 1 job, 2 live jobs, 3 the tenant's index, 4 Idempotency-Key (only with one)
-- ARGV: 1 job id, 2 next check (epoch ms), 3 fingerprint of the body, 4 time the Idempotency-Key is remembered (ms)
--       (3 and 4 are empty without a key), 5… field and value pairs of the record
-- Replies: {'created'} | {'replayed', job id} | {'mismatch'}. The same job id again changes nothing: {'created'}.

if KEYS[4] then
  local known = redis.call('HMGET', KEYS[4], 'fingerprint', 'job')
  if known[1] then
    if known[1] ~= ARGV[3] then
      return { 'mismatch' }
    end
    if known[2] ~= ARGV[1] then
      return { 'replayed', known[2] }
    end
  else
    redis.call('HSET', KEYS[4], 'fingerprint', ARGV[3], 'job', ARGV[1])
    redis.call('PEXPIRE', KEYS[4], ARGV[4])
  end
end

if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'state', 'queued', 'rank', part() or 0, unpack(ARGV, 5))
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
  redis.call('ZADD', KEYS[3], 0, ARGV[1])
end
return { 'created' }
