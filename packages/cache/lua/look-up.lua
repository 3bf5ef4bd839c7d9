-- Defines what find-reply.lua and join-flight.lua do alike: finds a reply that nothing has invalidated since it was asked for,
-- and notes that it was used.
-- Takes the keys of the reply (as put-reply.lua writes it), of what is invalid and of replies by their last use, the reply's
-- digest, now (epoch ms)
-- Returns nothing | value, stored at (epoch ms), fresh until (epoch ms)

local function lookUp(reply, invalid, used, digest, now)
  local text = redis.call('GET', reply)
  if not text then
    return
  end
  local askedAt, storedAt, freshUntil, names, from = string.match(text, '^(%d+) (%d+) (%d+)\n(.-)\n\n()')
  for name in string.gmatch(names, '[^\n]+') do
    local since = redis.call('ZSCORE', invalid, name)
    if since and tonumber(since) >= tonumber(askedAt) then
      redis.call('UNLINK', reply)
      redis.call('ZREM', used, digest)
      return
    end
  end
  redis.call('ZADD', used, 'XX', now, digest)
  return string.sub(text, from), storedAt, freshUntil
end
