-- Notes how an endpoint does: a success ends a row of failures, a failure goes on with one.
-- KEYS: 1 endpoint
-- ARGV: 1 now (epoch ms), 2 'delivered', 'failed' or 'gone', 3 time of nothing but failures after which an endpoint is
--       disabled (ms)
-- Replies: {'fine'} | {'disable', 'gone' or 'failing', failing since (epoch ms)}. Nothing is disabled here: who is to
--          know of it has to be told first.

local found = redis.call('HMGET', KEYS[1], 'enabled', 'failingSince')
if found[1] ~= '1' then
  return { 'fine' }
end
if ARGV[2] == 'delivered' then
  redis.call('HDEL', KEYS[1], 'failingSince')
  return { 'fine' }
end
local since = found[2]
if not since then
  since = ARGV[1]
  redis.call('HSET', KEYS[1], 'failingSince', since)
end
if ARGV[2] == 'gone' then
  return { 'disable', 'gone', since }
end
if tonumber(ARGV[1]) - tonumber(since) >= tonumber(ARGV[3]) then
  return { 'disable', 'failing', since }
end
return { 'fine' }
