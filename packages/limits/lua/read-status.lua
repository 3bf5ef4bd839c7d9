-- What a lane has used. Writes nothing.
--
-- KEYS  1 closure, 2 leases, then for each bucket: its hash, its list of slots
-- ARGV  for each bucket: window in ms with its margin, slot in ms; last and only in tests: now in epoch ms
-- Reply {now, reopens at (0 = not closed), reason, slots leased, then for each bucket: units used, when all of it is free
--       again}; times in epoch ms
local bucketCount = (#KEYS - 2) / 2
local time = redis.call('TIME')
local now = tonumber(ARGV[1 + bucketCount * 2]) or time[1] * 1000 + math.floor(time[2] / 1000)

local closure = redis.call('HMGET', KEYS[1], 'untilMs', 'reason')
local reopensAt = tonumber(closure[1] or 0)
if reopensAt <= now then reopensAt = 0 end
local leased = redis.call('ZCOUNT', KEYS[2], '(' .. string.format('%d', now), '+inf')
local reply = { now, reopensAt, reopensAt > 0 and closure[2] or '', leased }
for i = 1, bucketCount do
  local hash, slots = KEYS[1 + i * 2], redis.call('LRANGE', KEYS[2 + i * 2], 0, -1)
  local windowMs, slotMs = ARGV[i * 2 - 1], ARGV[i * 2]
  local used, freeAt = 0, now
  for _, slot in ipairs(slots) do
    local leftAt = (slot + 1) * slotMs + windowMs
    local amount = leftAt > now and tonumber(redis.call('HGET', hash, slot)) or 0
    if amount > 0 then used, freeAt = used + amount, leftAt end
  end
  reply[#reply + 1], reply[#reply + 2] = used, freeAt
end
return reply
