-- Finds a reply that nothing has invalidated since it was asked for, and notes that it was used.
-- KEYS: 1 reply, 2 what is invalid, 3 replies by their last use
-- ARGV: 1 digest of the reply
-- Replies: {now (epoch ms)} | {now, value, stored at (epoch ms), fresh until (epoch ms)}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('HMGET', KEYS[1], 'value', 'askedAt', 'storedAt', 'freshUntil', 'names')
if not found[1] then
  return { now }
end
for name in string.gmatch(found[5], '[^\n]+') do
  local since = redis.call('ZSCORE', KEYS[2], name)
  if since and tonumber(since) >= tonumber(found[2]) then
    redis.call('UNLINK', KEYS[1])
    redis.call('ZREM', KEYS[3], ARGV[1])
    return { now }
  end
end
redis.call('ZADD', KEYS[3], 'XX', now, ARGV[1])
return { now, found[1], found[3], found[4] }
