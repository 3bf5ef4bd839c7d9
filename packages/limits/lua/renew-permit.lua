-- Keeps a permit alive while its call runs. In a lane with a concurrency, a lease that has ended is lost even if nobody
-- has taken the slot yet: whether a worker may go on must not depend on how busy the lane is.
--
-- KEYS  1 leases, 2 the permit's record
-- ARGV  1 permit id, 2 length of a lease in ms, 3 time to live of the record in ms; last and only in tests: now in
--       epoch ms instead of Redis TIME
-- Reply 1 renewed | 0 lost
local spareMs = 60000
local time = redis.call('TIME')
local now = tonumber(ARGV[4]) or time[1] * 1000 + math.floor(time[2] / 1000)

local concurrency = tonumber(redis.call('HGET', KEYS[2], 'concurrency'))
if not concurrency then return 0 end
local endsAt = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0)
if concurrency > 0 and endsAt <= now then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2] + spareMs)
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
