-- Claims the answer to a call with an Idempotency-Key: one request at a time has it.
-- KEYS: 1 claim
-- ARGV: 1 fingerprint of the body, 2 claimant, 3 lease (ms)
-- Replies: 'claimed' | 'in_flight' | 'mismatch'

local known = redis.call('HGET', KEYS[1], 'fingerprint')
if known then
  return known == ARGV[1] and 'in_flight' or 'mismatch'
end
redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'claimant', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 'claimed'
