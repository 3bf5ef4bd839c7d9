-- A bucket: a sliding window of slots, of which each counts until the whole of it has left the window.
--   readBucket(keys, settings, now, reopensAt): as it is stored. keys = {hash, list of slots}; settings = {limit, windowMs
--     (margin included), slotMs, intervalMs (of one unit), toleranceMs, smooth (1 or 0)}; reopensAt = when the lane's last
--     closure ends, epoch ms
--   makeRoom(bucket, amount): takes out what has left the window; reply: ms until there is room, 0 where there is
--   charge(bucket, amount): takes the room
--   write(bucket): stores what was charged since it was read or written
-- KEYS of its users: each bucket's hash ('state': units in the window, when the next is due, oldest and newest slot; then
-- units by slot) and its list of slots, oldest first.

local bucketSpareMs, reopeningMs = 60000, 60000

local function keepBucket(bucket)
  redis.call('PEXPIRE', bucket.hash, bucket.windowMs * 2 + bucketSpareMs)
  redis.call('PEXPIRE', bucket.slots, bucket.windowMs * 2 + bucketSpareMs)
end

local function stateOf(total, dueAt, oldest, newest)
  return struct.pack('dddd', total, dueAt, oldest, newest)
end

local function readBucket(keys, settings, now, reopensAt)
  local hash, slots = keys[1], keys[2]
  local windowMs, slotMs, tolerance = tonumber(settings[2]), tonumber(settings[3]), tonumber(settings[5])
  local slot = (math.floor(now / slotMs) + 1) * slotMs + windowMs
  local slotName = string.format('%d', slot)
  local stored = redis.call('HMGET', hash, 'state', slotName)
  local total, dueAt, oldest, newest, used = 0, 0, 0, 0, tonumber(stored[2] or 0)
  if stored[1] then total, dueAt, oldest, newest = struct.unpack('dddd', stored[1]) end
  if newest > now + slotMs + windowMs * 2 then
    -- Redis's clock went back by more than a window: what is known to be used counts as used now.
    redis.call('DEL', hash, slots)
    redis.call('RPUSH', slots, slotName)
    oldest, newest, dueAt, used = slot, slot, now, total
    redis.call('HSET', hash, slotName, total, 'state', stateOf(total, now, slot, slot))
    keepBucket({ hash = hash, slots = slots, windowMs = windowMs })
  elseif newest > slot then
    slot, slotName = newest, string.format('%d', newest)
    used = tonumber(redis.call('HGET', hash, slotName))
  end
  -- After a closure nothing is caught up, and for a while a burst bucket is paced too: no second storm.
  local isPaced = settings[6] == '1' or now < reopensAt + math.min(windowMs, reopeningMs)
  return { now = now, limit = tonumber(settings[1]), windowMs = windowMs, hash = hash, slots = slots, total = total,
    oldest = oldest, newest = newest, slot = slot, slotName = slotName, used = used, tolerance = tolerance,
    storedDueAt = dueAt, dueAt = math.max(dueAt, reopensAt + tolerance), paceMs = isPaced and tonumber(settings[4]) or 0 }
end

local function write(bucket)
  if not bucket.isCharged then return end
  bucket.isCharged = false
  redis.call('HSET', bucket.hash, bucket.slotName, string.format('%d', bucket.used),
    'state', stateOf(bucket.total, bucket.storedDueAt, bucket.oldest, bucket.newest))
end

-- Each slot is taken out once: O(1) amortised.
local function makeRoom(bucket, amount)
  local now, missing = bucket.now, bucket.total + amount - bucket.limit
  local wait = bucket.paceMs > 0 and math.ceil(bucket.dueAt - bucket.tolerance - now) or 0
  if missing <= 0 and bucket.oldest > now or bucket.newest == 0 then return wait end
  write(bucket)
  local left, from, isDone = {}, 0, false
  repeat
    local slots = redis.call('LRANGE', bucket.slots, from, from == 0 and 7 or from + 63)
    local amounts = slots[1] and redis.call('HMGET', bucket.hash, unpack(slots)) or {}
    for i, text in ipairs(slots) do
      local slot, inSlot = tonumber(text), tonumber(amounts[i])
      isDone = slot > now and missing <= 0
      if isDone then break end
      missing, wait = missing - inSlot, math.max(wait, slot - now)
      if slot <= now then bucket.total, left[#left + 1] = bucket.total - inSlot, slot end
    end
    from = from + #slots
  until isDone or #slots == 0
  if #left == 0 then return wait end
  redis.call('HDEL', bucket.hash, unpack(left))
  redis.call('LTRIM', bucket.slots, #left, -1)
  bucket.oldest = tonumber(redis.call('LINDEX', bucket.slots, 0) or 0)
  redis.call('HSET', bucket.hash, 'state',
    stateOf(bucket.total, bucket.storedDueAt, bucket.oldest, bucket.newest))
  return wait
end

local function charge(bucket, amount)
  bucket.total, bucket.used, bucket.isCharged = bucket.total + amount, bucket.used + amount, true
  bucket.dueAt = math.max(bucket.now, bucket.dueAt) + amount * bucket.paceMs
  bucket.storedDueAt = bucket.dueAt
  if bucket.oldest == 0 then bucket.oldest = bucket.slot end
  if bucket.slot > bucket.newest then
    bucket.newest = bucket.slot
    write(bucket)
    redis.call('RPUSH', bucket.slots, bucket.slotName)
    keepBucket(bucket)
  end
end
