-- Replaces what a permit was charged by what the call really used, ends its leases, and tells the target's breaker how
-- the call went. The permit's record goes with it: a second settle, and one of an unknown permit, changes no bucket.
-- The correction goes to the slot of the permit. If that has left the window, so has the correction.
--
-- KEYS  1 gate, 2 the permit's record, 3 leases of the lane, 4 leases of the tenant, then for each bucket: its hash
-- ARGV  1 permit id, 2 whether the lane leases, 3 whether the tenant does (1 or 0), 4 target, 5 how the call went ('ok',
--       'fault' or '' = says nothing of the target), then for each bucket: used units, window in ms; last and only in
--       tests: now in epoch ms instead of Redis TIME
-- Reply 1 settled | 0 there was no record | 2 the target's breaker opened | 3 it closed | 4 it was and is open
local bucketCount = #KEYS - 4
local now = tonumber(ARGV[6 + bucketCount * 2]) or timeNow()

for i = 2, 3 do if ARGV[i] == '1' then redis.call('ZREM', KEYS[i + 1], ARGV[1]) end end
local packed = redis.call('GETDEL', KEYS[2])
if not packed then return 0 end
local record = cmsgpack.unpack(packed)
for i = 1, bucketCount do
  local amount, intervalMs = record[i * 3], record[i * 3 + 1]
  correctSlot(KEYS[4 + i], record[i * 3 - 1], ARGV[4 + i * 2] - amount, intervalMs, now, ARGV[5 + i * 2])
end
return ARGV[5] == '' and 1 or noteOutcome(KEYS[1], ARGV[4], ARGV[5] == 'fault', record[1], now)
