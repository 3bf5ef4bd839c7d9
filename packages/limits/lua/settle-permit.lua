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
  if tonumber(slot) <= now or redis.call('HEXISTS', bucket, slot) == 0 then return end
  local more = used - amount
  redis.call('HINCRBY', bucket, slot, more)
  redis.call('HINCRBY', bucket, 'total', more)
  -- What was not used need not be paced. What was used beyond delays the lane by one window at most.
  local dueAt = tonumber(redis.call('HGET', bucket, 'dueAt'))
  redis.call('HSET', bucket, 'dueAt', math.min(dueAt + more * intervalMs, math.max(dueAt, now + windowMs)))
end

redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
for i = 1, bucketCount do
  local charge = redis.call('HGET', KEYS[2], ARGV[i * 3 - 1])
  if charge then correct(KEYS[2 + i], charge, tonumber(ARGV[i * 3]), tonumber(ARGV[i * 3 + 1])) end
end
redis.call('DEL', KEYS[2])
return 1
