-- Moves what a permit was charged to the slot of now: its call has left later than the slot that it was charged to covers. The
-- sum of a bucket stays as it is, unless the old slot has left the window and was forgotten: then it grows, beyond the limit
-- if need be, and later calls wait for it.
--
-- KEYS  1 the permit's record, then for each bucket: its hash, its list of slots
-- ARGV  for each bucket: windowMs (margin included), slotMs; last and only in tests: now in epoch ms instead of Redis TIME
-- Reply 1 moved | 0 the permit is settled or unknown
local spareMs = 60000
local bucketCount = (#KEYS - 1) / 2
local now = tonumber(ARGV[1 + bucketCount * 2])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local packed = redis.call('GET', KEYS[1])
if not packed then return 0 end
local record = cmsgpack.unpack(packed)

local function move(index, hash, slots)
  local windowMs, slotMs = tonumber(ARGV[index * 2 - 1]), tonumber(ARGV[index * 2])
  local old, amount = record[index * 3 - 1], record[index * 3]
  local state = redis.call('HGET', hash, 'state')
  local total, dueAt, oldest, newest = 0, 0, 0, 0
  if state then total, dueAt, oldest, newest = struct.unpack('dddd', state) end
  local slot = math.max(newest, (math.floor(now / slotMs) + 1) * slotMs + windowMs)
  if slot <= old or amount == 0 then return end
  local oldName, slotName = string.format('%d', old), string.format('%d', slot)
  if redis.call('HEXISTS', hash, oldName) == 1 then redis.call('HINCRBY', hash, oldName, -amount)
  else total = total + amount end
  redis.call('HINCRBY', hash, slotName, amount)
  if slot > newest then
    redis.call('RPUSH', slots, slotName)
    for _, key in ipairs({ hash, slots }) do redis.call('PEXPIRE', key, windowMs * 2 + spareMs) end
  end
  redis.call('HSET', hash, 'state', struct.pack('dddd', total, dueAt, oldest == 0 and slot or oldest, slot))
  record[index * 3 - 1] = slot
end

for i = 1, bucketCount do move(i, KEYS[i * 2], KEYS[i * 2 + 1]) end
redis.call('SET', KEYS[1], cmsgpack.pack(record), 'KEEPTTL')
return 1
