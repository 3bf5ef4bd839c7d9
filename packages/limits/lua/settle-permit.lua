-- Replaces what a permit was charged by what the call really used, and ends its lease. The permit's record goes with
-- it: a second settle, and one of an unknown permit, finds no record and changes no bucket.
-- The correction goes to the slot of the permit. If that has left the window, so has the correction.
--
-- KEYS  1 leases, 2 the permit's record, then for each bucket: its hash
-- ARGV  1 permit id, then for each bucket: its name, used units, window in ms; last and only in tests: now in epoch
--       ms instead of Redis TIME
-- Reply 1 settled | 0 there was no record
local bucketCount = #KEYS - 2
local time = redis.call('TIME')
local now = tonumber(ARGV[2 + bucketCount * 3]) or time[1] * 1000 + math.floor(time[2] / 1000)

local function correct(bucket, charge, used, windowMs)
  local slot, amount, intervalMs = string.match(charge, '^(%d+) (%d+) (%S+)$')
  local more = used - amount
  if more == 0 or tonumber(slot) <= now then return end
  local stored = redis.call('HMGET', bucket, slot, 'total', 'dueAt')
  if not stored[1] then return end
  -- What was not used need not be paced. What was used beyond delays the lane by one window at most.
  local dueAt = math.min(stored[3] + more * intervalMs, math.max(stored[3], now + windowMs))
  redis.call('HSET', bucket, slot, stored[1] + more, 'total', stored[2] + more, 'dueAt', dueAt)
end

redis.call('ZREM', KEYS[1], ARGV[1])
for i = 1, bucketCount do
  local charge = redis.call('HGET', KEYS[2], ARGV[i * 3 - 1])
  if charge then correct(KEYS[2 + i], charge, tonumber(ARGV[i * 3]), tonumber(ARGV[i * 3 + 1])) end
end
return redis.call('DEL', KEYS[2])
