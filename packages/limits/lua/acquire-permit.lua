-- Gives leave for one upstream call, or says how long until there is room. Charges every bucket of the lane or none.
-- A granted permit asked for again is granted again and charged once: ioredis resends commands after a reconnect.
-- KEYS  1 closure, 2 leases, 3 the permit's record, then for each bucket: its hash, its list of slots
-- ARGV  1 permit id, 2 concurrency (0 = unlimited), 3 length of a lease in ms, 4 time to live of the record in ms,
--       then for each bucket JSON {name, amount, limit, windowMs (margin included), slotMs, intervalMs (of one unit),
--       toleranceMs, smooth}; last and only in tests: now in epoch ms instead of Redis TIME
-- Reply {'granted'} | {'denied', wait in ms, a bucket's name | 'concurrency' | 'closed', now in epoch ms, reason}
local reopeningMs, maxLeaseWaitMs, spareMs = 60000, 250, 60000
local bucketCount, concurrency = (#KEYS - 3) / 2, tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(ARGV[5 + bucketCount]) or time[1] * 1000 + math.floor(time[2] / 1000)
local function addToSlot(bucket, amount)
  local slot = math.max((math.floor(now / bucket.slotMs) + 1) * bucket.slotMs + bucket.windowMs, bucket.newest)
  redis.call('HINCRBY', bucket.hash, slot, amount)
  if slot > bucket.newest then
    redis.call('RPUSH', bucket.slots, slot)
    for _, key in ipairs({ bucket.slots, bucket.hash }) do redis.call('PEXPIRE', key, bucket.windowMs * 2 + spareMs) end
  end
  bucket.newest, bucket.oldest = slot, bucket.oldest > 0 and bucket.oldest or slot
  redis.call('HSET', bucket.hash, 'total', bucket.total, 'dueAt', bucket.dueAt, 'oldest', bucket.oldest, 'newest', slot)
end

local function readBucket(index, reopensAt)
  local bucket, hash, slots = cjson.decode(ARGV[4 + index]), KEYS[2 + index * 2], KEYS[3 + index * 2]
  -- What is larger than the whole bucket would wait for ever: it takes all of the bucket and goes.
  bucket.amount, bucket.hash, bucket.slots = math.min(bucket.amount, bucket.limit), hash, slots
  local stored = redis.call('HMGET', hash, 'total', 'dueAt', 'oldest', 'newest')
  bucket.total, bucket.dueAt = tonumber(stored[1] or 0), tonumber(stored[2] or 0)
  bucket.oldest, bucket.newest = tonumber(stored[3] or 0), tonumber(stored[4] or 0)
  if bucket.newest > now + bucket.slotMs + bucket.windowMs * 2 then
    -- Redis's clock went back by more than a window: what is known to be used counts as used now.
    redis.call('DEL', hash, slots)
    bucket.oldest, bucket.newest, bucket.dueAt = 0, 0, now
    addToSlot(bucket, bucket.total)
  end
  -- After a closure nothing is caught up, and for a while a burst bucket is paced too: no second storm.
  bucket.paceMs = (bucket.smooth or now < reopensAt + math.min(bucket.windowMs, reopeningMs)) and bucket.intervalMs or 0
  bucket.dueAt = math.max(bucket.dueAt, reopensAt + bucket.toleranceMs)
  return bucket
end

-- The slots and their amounts, oldest first, fetched a few at a time.
local function eachSlot(bucket)
  local from, i, slots, amounts = 0, 0, {}, {}
  return function()
    i = i + 1
    if i > #slots then
      from, i = from + #slots, 1
      slots = redis.call('LRANGE', bucket.slots, from, from == 0 and 7 or from + 63)
      amounts = slots[1] and redis.call('HMGET', bucket.hash, unpack(slots)) or {}
    end
    return tonumber(slots[i]), tonumber(amounts[i])
  end
end

-- Takes out the slots that have left the window (each once: O(1) amortised) and returns how long until there is room.
local function makeRoom(bucket)
  local missing, left = bucket.total + bucket.amount - bucket.limit, {}
  local wait = bucket.paceMs > 0 and math.ceil(bucket.dueAt - bucket.toleranceMs - now) or 0
  if missing <= 0 and bucket.oldest > now then return wait end
  for slot, amount in eachSlot(bucket) do
    if slot > now and missing <= 0 then break end
    missing, wait = missing - amount, math.max(wait, slot - now)
    if slot <= now then bucket.total, left[#left + 1] = bucket.total - amount, slot end
  end
  if #left == 0 then return wait end
  redis.call('HDEL', bucket.hash, unpack(left))
  redis.call('LTRIM', bucket.slots, #left, -1)
  bucket.oldest = tonumber(redis.call('LINDEX', bucket.slots, 0) or 0)
  redis.call('HSET', bucket.hash, 'total', bucket.total, 'oldest', bucket.oldest)
  return wait
end

if redis.call('EXISTS', KEYS[3]) == 1 then return { 'granted' } end
local closure = redis.call('HMGET', KEYS[1], 'untilMs', 'reason')
local reopensAt = tonumber(closure[1] or 0)
if reopensAt > now then return { 'denied', reopensAt - now, 'closed', now, closure[2] } end
local buckets, longest, limit = {}, 0, nil
for i = 1, bucketCount do
  buckets[i] = readBucket(i, reopensAt)
  local wait = makeRoom(buckets[i])
  if wait > longest then longest, limit = wait, buckets[i].name end
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if concurrency > 0 then -- The lease whose end makes room: there is none while fewer than all slots are leased.
  local lease = redis.call('ZRANGE', KEYS[2], -concurrency, -concurrency, 'WITHSCORES')
  local wait = lease[2] and math.min(lease[2] - now, maxLeaseWaitMs) or 0
  if wait > longest then longest, limit = wait, 'concurrency' end
end
if limit then return { 'denied', longest, limit, now, '' } end
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3] + spareMs)
redis.call('HSET', KEYS[3], 'concurrency', concurrency)
redis.call('PEXPIRE', KEYS[3], ARGV[4])
for _, bucket in ipairs(buckets) do
  bucket.total, bucket.dueAt = bucket.total + bucket.amount, math.max(now, bucket.dueAt) + bucket.amount * bucket.paceMs
  addToSlot(bucket, bucket.amount)
  redis.call('HSET', KEYS[3], bucket.name, string.format('%d %d %.17g', bucket.newest, bucket.amount, bucket.paceMs))
end
return { 'granted' }
