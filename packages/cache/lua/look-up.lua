-- Defines what find-reply.lua and join-flight.lua do alike: finds a reply that nothing has invalidated since it was asked for,
-- and notes that it was used.
-- Takes the keys of the reply, of what is invalid and of replies by their last use, the reply's digest, now (epoch ms)
-- Returns nothing | value, stored at (epoch ms), fresh until (epoch ms)

local function lookUp(reply, invalid, used, digest, now)
  local found = redis.call('HMGET', reply, 'value', 'askedAt', 'storedAt', 'freshUntil', 'names')
  if not found[1] then
    return
  end
  for name in string.gmatch(found[5], '[^\n]+') do
    local since = redis.call('ZSCORE', invalid, name)
    if since and tonumber(since) >= tonumber(found[2]) then
      redis.call('UNLINK', reply)
      redis.call('ZREM', used, digest)
      return
    end
  end
  redis.call('ZADD', used, 'XX', now, digest)
  return found[1], found[3], found[4]
end
