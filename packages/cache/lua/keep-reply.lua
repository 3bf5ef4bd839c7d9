-- Keeps a reply, unless something has invalidated it since its call was decided upon, and forgets those that were not used
-- for the longest where there are too many. A reply that has expired is among those sooner or later.
-- KEYS: 1 reply, 2 what is invalid, 3 replies by their last use
-- ARGV: 1 digest of the reply, 2 value, 3 asked at (epoch ms of this clock), 4 time that it is fresh (ms), 5 time that it
--       is kept (ms), 6 names that may be invalidated, by lines, 7 most replies, 8 what stands before a digest in a key
-- Replies: 1 kept, 0 invalid

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for name in string.gmatch(ARGV[6], '[^\n]+') do
  local since = redis.call('ZSCORE', KEYS[2], name)
  if since and tonumber(since) >= tonumber(ARGV[3]) then
    return 0
  end
end
redis.call('HSET', KEYS[1], 'value', ARGV[2], 'askedAt', ARGV[3], 'storedAt', now, 'freshUntil',
  string.format('%.0f', now + ARGV[4]), 'names', ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('ZADD', KEYS[3], now, ARGV[1])
if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[5]) then
  redis.call('PEXPIRE', KEYS[3], ARGV[5])
end
-- At most so many at a time, or lowering the cap would hold up everybody else.
local excess = math.min(100, redis.call('ZCARD', KEYS[3]) - tonumber(ARGV[7]))
if excess > 0 then
  local oldest = redis.call('ZPOPMIN', KEYS[3], excess)
  for i = 1, #oldest, 2 do
    redis.call('UNLINK', ARGV[8] .. oldest[i])
  end
end
return 1
