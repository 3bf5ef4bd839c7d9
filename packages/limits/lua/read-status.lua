-- What a lane has used. Writes nothing.
--
-- KEYS  1 gate, 2 leases, then for each bucket: its hash, its list of slots
-- ARGV  only in tests: now in epoch ms instead of Redis TIME
-- Reply {now, the gate's fields and values, calls in flight, then for each bucket: units used, when all of it is free
--       again}; times in epoch ms
local time = redis.call('TIME')
local now = tonumber(ARGV[1]) or time[1] * 1000 + math.floor(time[2] / 1000)

local inFlight = redis.call('ZCOUNT', KEYS[2], string.format('(%d', now), '+inf')
local reply = { now, redis.call('HGETALL', KEYS[1]), inFlight }
for i = 3, #KEYS, 2 do
  local used, freeAt = 0, now
  for _, slot in ipairs(redis.call('LRANGE', KEYS[i + 1], 0, -1)) do
    local amount = tonumber(slot) > now and tonumber(redis.call('HGET', KEYS[i], slot)) or 0
    if amount > 0 then used, freeAt = used + amount, tonumber(slot) end
  end
  reply[#reply + 1], reply[#reply + 2] = used, freeAt
end
return reply
