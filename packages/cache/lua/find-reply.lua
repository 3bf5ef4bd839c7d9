-- Looks a reply up.
-- KEYS: 1 reply, 2 what is invalid, 3 replies by their last use
-- ARGV: 1 digest of the reply
-- Replies: {now (epoch ms)} | {now, value, stored at (epoch ms), fresh until (epoch ms)}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return { now, lookUp(KEYS[1], KEYS[2], KEYS[3], ARGV[1], now) }
