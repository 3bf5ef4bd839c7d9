-- Defines what keep-reply.lua and land-flight.lua do alike: keeps a reply, unless something has invalidated it since its call
-- was decided upon, and forgets those that were not used for the longest where there are too many. A reply that has expired
-- is among those sooner or later. It is one text: asked at, stored at and fresh until (epoch ms), its names by lines, an empty
-- line, its value.
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
  local times = string.format('%s %.0f %.0f', args[3], now, now + args[4])
  redis.call('SET', keys[1], times .. '\n' .. args[8] .. '\n\n' .. args[2], 'PX', args[5])
  redis.call('ZADD', keys[3], now, args[1])
  -- Twice as long: so the next replies, which are to be kept as long, need not set it anew.
  if redis.call('PTTL', keys[3]) < tonumber(args[5]) then
    redis.call('PEXPIRE', keys[3], string.format('%.0f', args[5] * 2))
  end
  local most = tonumber(args[6])
  local excess = redis.call('ZCARD', keys[3]) - most
  if excess > 0 then
    -- A hundredth more, or each further reply would have to. Not all at once, or lowering the cap would hold up everybody else.
    local oldest = redis.call('ZPOPMIN', keys[3], math.min(100, excess + math.floor(most / 100)))
    local replies = {}
    for i = 1, #oldest, 2 do
      table.insert(replies, args[7] .. oldest[i])
    end
    redis.call('UNLINK', unpack(replies))
  end
  return 1
end
