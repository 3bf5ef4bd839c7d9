-- From now on no reply counts that was asked for until now and has this name, however many there are.
-- KEYS: 1 what is invalid
-- ARGV: 1 name, 2 longest time that a reply can live (ms)
-- Replies: now (epoch ms)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - ARGV[2]))
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return now
