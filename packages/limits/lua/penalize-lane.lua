-- Closes a lane for everyone. A closure that lasts longer stays as it is. The key outlives the closure: it tells
-- acquire-permits.lua that the lane has just reopened.
--
-- KEYS  1 gate
-- ARGV  1 pause in ms, 2 reason; last and only in tests: now in epoch ms instead of Redis TIME
-- Reply when the lane reopens, epoch ms
local reopeningMs = 60000
local time = redis.call('TIME')
local now = tonumber(ARGV[3]) or time[1] * 1000 + math.floor(time[2] / 1000)

local untilMs = now + ARGV[1]
local existing = tonumber(redis.call('HGET', KEYS[1], 'untilMs') or 0)
if existing >= untilMs then return existing end
redis.call('HSET', KEYS[1], 'untilMs', untilMs, 'reason', ARGV[2])
local ttlMs = ARGV[1] + reopeningMs
if redis.call('PTTL', KEYS[1]) < ttlMs then redis.call('PEXPIRE', KEYS[1], ttlMs) end
return untilMs
