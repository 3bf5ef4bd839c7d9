-- Defines what keep-reply.lua and land-flight.lua do alike: keeps a reply, unless something has invalidated it since its call
-- was decided upon, and forgets those that were not used for the longest where there are too many. A reply that has expired
-- is among those sooner or later.
-- Takes keys: 1 reply, 2 what is invalid, 3 replies by their last use
--       args: 1 digest of the reply, 2 value, 3 asked at (epoch ms of this clock), 4 time that it is fresh (ms), 5 time that it
--             is kept (ms), 6 most replies, 7 what stands before a digest in a key, 8 names that may be invalidated, by lines
-- Returns 1 kept, 0 invalid

local function putReply(keys, args)
  local names = {}
  for name in string.gmatch(args[8], '[^\n]+') do
    table.insert(names, name)
  end
  for _, since in ipairs(redis.call('ZMSCORE', keys[2], unpack(names))) do
    if since and tonumber(since) >= tonumber(args[3]) then
      return 0
    end
  end
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('HSET', keys[1], 'value', args[2], 'askedAt', args[3], 'storedAt', now, 'freshUntil',
    string.format('%.0f', now + args[4]), 'names', args[8])
  redis.call('PEXPIRE', keys[1], args[5])
  redis.call('ZADD', keys[3], now, args[1])
  -- Twice as long: so the next replies, which are to be kept as long, need not set it anew.
  if redis.call('PTTL', keys[3]) < tonumber(args[5]) then
    redis.call('PEXPIRE', keys[3], string.format('%.0f', args[5] * 2))
  end
  -- At most so many at a time, or lowering the cap would hold up everybody else.
  local excess = math.min(100, redis.call('ZCARD', keys[3]) - tonumber(args[6]))
  if excess > 0 then
    local oldest = redis.call('ZPOPMIN', keys[3], excess)
    for i = 1, #oldest, 2 do
      redis.call('UNLINK', args[7] .. oldest[i])
    end
  end
  return 1
end
