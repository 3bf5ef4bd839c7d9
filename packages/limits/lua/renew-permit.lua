-- Keeps a permit alive while its call runs. A lease that has ended is lost even if nobody has taken the slot yet: whether
-- a worker may go on must not depend on how busy the lane is.
--
-- KEYS  1 the permit's record, then the leases it holds, of the lane and of the tenant
-- ARGV  1 permit id, 2 length of a lease in ms, 3 time to live of the record in ms; last and only in tests: now in
--       epoch ms instead of Redis TIME
-- Reply 1 renewed | 0 lost
local spareMs = 60000
local time = redis.call('TIME')
local now = tonumber(ARGV[4]) or time[1] * 1000 + math.floor(time[2] / 1000)

if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
for i = 2, #KEYS do
  if tonumber(redis.call('ZSCORE', KEYS[i], ARGV[1]) or 0) <= now then return 0 end
end
for i = 2, #KEYS do
  redis.call('ZADD', KEYS[i], now + ARGV[2], ARGV[1])
  redis.call('PEXPIRE', KEYS[i], ARGV[2] + spareMs)
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
