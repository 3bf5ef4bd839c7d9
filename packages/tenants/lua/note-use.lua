-- Notes when a key was last used. A record that is gone is not made again.
-- KEYS: 1 key
-- ARGV: 1 now (epoch ms)
-- Replies: 1 noted, 0 not

local last = redis.call('HMGET', KEYS[1], 'tenant', 'lastUsedAt')
if not last[1] or tonumber(last[2] or '0') >= tonumber(ARGV[1]) then
  return 0
end
redis.call('HSET', KEYS[1], 'lastUsedAt', ARGV[1])
return 1
