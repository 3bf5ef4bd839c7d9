-- Gives leave to make one upstream call, or says how long until there is room. Charges every bucket of the lane or none.
-- Asking again with the id of a granted permit grants it again and charges nothing (a command resent after a reconnect).
--
-- KEYS  1 closure, 2 leases, 3 the permit's record, then for each bucket: its hash, its list of slots
-- ARGV  1 permit id, 2 concurrency (0 = unlimited), 3 length of a lease in ms, 4 time to live of the record in ms,
--       then for each bucket JSON {name, amount, limit, windowMs (margin included), slotMs, intervalMs (of one unit),
--       toleranceMs, smooth}; last and only in tests: now in epoch ms instead of Redis TIME
-- Reply {'granted'} | {'denied', wait in ms, a bucket's name | 'concurrency' | 'closed', now in epoch ms, reason}
local maxReopeningMs, maxLeaseWaitMs, spareMs = 60000, 250, 60000
local bucketCount, concurrency = (#KEYS - 3) / 2, tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(ARGV[5 + bucketCount]) or time[1] * 1000 + math.floor(time[2] / 1000)

local function addToSlot(bucket, slot, amount)
  if slot > bucket.newest then redis.call('RPUSH', bucket.slots, slot) end
  redis.call('HINCRBY', bucket.hash, slot, amount)
  redis.call('HSET', bucket.hash, 'total', bucket.total, 'dueAt', bucket.dueAt)
  redis.call('PEXPIRE', bucket.slots, bucket.windowMs * 2 + spareMs)
  redis.call('PEXPIRE', bucket.hash, bucket.windowMs * 2 + spareMs)
  bucket.newest = math.max(bucket.newest, slot)
end

local function readBucket(index, reopensAt)
  local bucket = cjson.decode(ARGV[4 + index])
  -- What is larger than the whole bucket would wait for ever: it takes all of the bucket and goes.
  bucket.amount = math.min(bucket.amount, bucket.limit)
  bucket.hash, bucket.slots = KEYS[2 + index * 2], KEYS[3 + index * 2]
  local stored = redis.call('HMGET', bucket.hash, 'total', 'dueAt')
  bucket.total, bucket.dueAt = tonumber(stored[1] or 0), tonumber(stored[2] or 0)
  bucket.newest = tonumber(redis.call('LINDEX', bucket.slots, -1) or 0)
  if bucket.newest * bucket.slotMs > now + bucket.windowMs then
    -- Redis's clock went back by more than a window: what is known to be used counts as used now.
    redis.call('DEL', bucket.hash, bucket.slots)
    bucket.newest, bucket.dueAt = 0, now
    addToSlot(bucket, math.floor(now / bucket.slotMs), bucket.total)
  end
  -- After a closure nothing is caught up, and for a while a burst bucket is paced too: no second storm.
  bucket.paced = bucket.smooth or now < reopensAt + math.min(bucket.windowMs, maxReopeningMs)
  bucket.dueAt = math.max(bucket.dueAt, reopensAt + bucket.toleranceMs)
  return bucket
end

-- Goes through the slots from the oldest on, a few at a time, until visit(amount, when it has left, slot) says false.
local function walk(bucket, visit)
  local from, to = 0, 7
  local slots = redis.call('LRANGE', bucket.slots, from, to)
  while #slots > 0 do
    local amounts = redis.call('HMGET', bucket.hash, unpack(slots))
    for i = 1, #slots do
      local leftAt = (slots[i] + 1) * bucket.slotMs + bucket.windowMs
      if not visit(tonumber(amounts[i]), leftAt, slots[i]) then return end
    end
    from, to = to + 1, to + 64
    slots = redis.call('LRANGE', bucket.slots, from, to)
  end
end

-- Takes out the slots that have left the window (each once: O(1) amortised) and returns how long until there is room.
local function makeRoom(bucket)
  local missing, left = bucket.total + bucket.amount - bucket.limit, {}
  local wait = bucket.paced and math.ceil(bucket.dueAt - bucket.toleranceMs - now) or 0
  walk(bucket, function(amount, leftAt, slot)
    if leftAt > now and missing <= 0 then return false end
    missing, wait = missing - amount, math.max(wait, leftAt - now)
    if leftAt <= now then bucket.total, left[#left + 1] = bucket.total - amount, slot end
    return true
  end)
  if #left > 0 then
    redis.call('HDEL', bucket.hash, unpack(left))
    redis.call('LTRIM', bucket.slots, #left, -1)
    redis.call('HSET', bucket.hash, 'total', bucket.total)
  end
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
if concurrency > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
  local full = redis.call('ZCARD', KEYS[2]) >= concurrency
  local wait = full and math.min(first - now, maxLeaseWaitMs) or 0
  if wait > longest then longest, limit = wait, 'concurrency' end
end
if limit then return { 'denied', longest, limit, now, '' } end

redis.call('HSET', KEYS[3], 'leased', concurrency)
redis.call('PEXPIRE', KEYS[3], ARGV[4])
if concurrency > 0 then
  redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
  redis.call('PEXPIRE', KEYS[2], ARGV[3] + spareMs)
end
for _, bucket in ipairs(buckets) do
  local slot = math.max(math.floor(now / bucket.slotMs), bucket.newest)
  local interval = bucket.paced and bucket.intervalMs or 0
  bucket.dueAt = math.max(now, bucket.dueAt) + bucket.amount * interval
  bucket.total = bucket.total + bucket.amount
  addToSlot(bucket, slot, bucket.amount)
  local leftAt = (slot + 1) * bucket.slotMs + bucket.windowMs
  local charge = string.format('%d %d %d %.17g', slot, bucket.amount, leftAt, interval)
  redis.call('HSET', KEYS[3], bucket.name, charge)
end
return { 'granted' }
