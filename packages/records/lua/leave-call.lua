-- Notes a job whose client has given up waiting and may ask again.
-- KEYS: 1 jobs left by equal calls
-- ARGV: 1 job id, 2 how long it is remembered (ms)
-- Replies: how many are left there

local count = redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return count
