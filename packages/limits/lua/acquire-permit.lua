-- Gives leave for one upstream call, or says how long until there is room. Charges every bucket of the lane and of the
-- tenant in it, or none.
-- A granted permit asked for again is granted again and charged once: ioredis resends commands after a reconnect.
-- KEYS  1 gate, 2 the permit's record, 3 leases of the lane, 4 leases of the tenant, then for each bucket: its hash, its
--       list of slots
-- ARGV  1 permit id, 2 length of a lease in ms, 3 time to live of the record in ms, 4 concurrency of the lane, 5 of the
--       tenant (0 = unlimited), 6 how many of the last buckets are the tenant's, 7 target, then for each bucket: amount,
--       limit, windowMs (margin included), slotMs, intervalMs (of one unit), toleranceMs, smooth (1 or 0); last and only
--       in tests: now in epoch ms instead of Redis TIME
-- Reply {'granted', units left in each bucket…} | {'denied', wait in ms, 'lane' | 'tenant' | 'target' | 'closed', number
--       of the bucket (0 = the concurrency), now in epoch ms, reason}
local reopeningMs, maxLeaseWaitMs, maxBookingMs, maxProbePauseMs, spareMs = 60000, 250, 60000, 5000, 60000
local args = {}
for i = 1, #ARGV do args[i] = tonumber(ARGV[i]) end
local bucketCount = (#KEYS - 4) / 2
local tenantFrom, now = bucketCount - args[6] + 1, args[8 + bucketCount * 7]
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local function keep(bucketWindowMs, ...)
  for _, key in ipairs({ ... }) do redis.call('PEXPIRE', key, bucketWindowMs * 2 + spareMs) end
end
local function readBucket(index, reopensAt)
  local at, hash, slots = 7 * index, KEYS[3 + index * 2], KEYS[4 + index * 2]
  local limit, windowMs, slotMs, tolerance = args[at + 2], args[at + 3], args[at + 4], args[at + 6]
  local slot = (math.floor(now / slotMs) + 1) * slotMs + windowMs
  local stored = redis.call('HMGET', hash, 'state', string.format('%d', slot))
  local total, dueAt, oldest, newest, before = 0, 0, 0, 0, tonumber(stored[2] or 0)
  if stored[1] then total, dueAt, oldest, newest = struct.unpack('dddd', stored[1]) end
  if newest > now + slotMs + windowMs * 2 then
    -- Redis's clock went back by more than a window: what is known to be used counts as used now.
    redis.call('DEL', hash, slots)
    redis.call('RPUSH', slots, slot)
    oldest, newest, dueAt, before = slot, slot, now, total
    redis.call('HSET', hash, slot, total, 'state', struct.pack('dddd', total, now, slot, slot))
    keep(windowMs, hash, slots)
  end
  -- What is larger than the whole bucket would wait for ever: it takes all of the bucket and goes.
  local bucket = { amount = math.min(args[at + 1], limit), limit = limit, windowMs = windowMs, hash = hash, slots = slots,
    total = total, oldest = oldest, newest = newest, slot = slot, before = before, tolerance = tolerance, storedDueAt = dueAt }
  -- After a closure nothing is caught up, and for a while a burst bucket is paced too: no second storm.
  local isPaced = args[at + 7] == 1 or now < reopensAt + math.min(windowMs, reopeningMs)
  bucket.paceMs = isPaced and args[at + 5] or 0
  bucket.dueAt = math.max(dueAt, reopensAt + tolerance)
  return bucket
end
-- Takes out the slots that have left the window (each once: O(1) amortised) and returns how long until there is room.
local function makeRoom(bucket)
  local missing, left = bucket.total + bucket.amount - bucket.limit, {}
  local wait = bucket.paceMs > 0 and math.ceil(bucket.dueAt - bucket.tolerance - now) or 0
  if missing <= 0 and bucket.oldest > now or bucket.newest == 0 then return wait end
  local from, isDone = 0, false
  repeat
    local slots = redis.call('LRANGE', bucket.slots, from, from == 0 and 7 or from + 63)
    local amounts = slots[1] and redis.call('HMGET', bucket.hash, unpack(slots)) or {}
    for i, text in ipairs(slots) do
      local slot, amount = tonumber(text), tonumber(amounts[i])
      isDone = slot > now and missing <= 0
      if isDone then break end
      missing, wait = missing - amount, math.max(wait, slot - now)
      if slot <= now then bucket.total, left[#left + 1] = bucket.total - amount, slot end
    end
    from = from + #slots
  until isDone or #slots == 0
  if #left == 0 then return wait end
  redis.call('HDEL', bucket.hash, unpack(left))
  redis.call('LTRIM', bucket.slots, #left, -1)
  bucket.oldest = tonumber(redis.call('LINDEX', bucket.slots, 0) or 0)
  redis.call('HSET', bucket.hash, 'state',
    struct.pack('dddd', bucket.total, bucket.storedDueAt, bucket.oldest, bucket.newest))
  return wait
end
-- The lease whose end makes room: there is none while fewer than all slots are leased.
local function leaseWait(key, concurrency)
  if concurrency == 0 then return 0 end
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  local lease = redis.call('ZRANGE', key, -concurrency, -concurrency, 'WITHSCORES')
  return lease[2] and math.min(lease[2] - now, maxLeaseWaitMs) or 0
end
local function longestWait(buckets, from, to, leases, concurrency)
  local longest, number = leaseWait(leases, concurrency), 0
  for i = from, to do
    local wait = makeRoom(buckets[i])
    if wait > longest then longest, number = wait, i end
  end
  return longest, number
end
-- The tickets of a tenant without room come back one after the other, not all at once.
local function book(bucket, wait)
  local booked = tonumber(redis.call('HGET', bucket.hash, 'bookedAt') or 0)
  local at = math.min(math.max(booked, now + wait), now + math.max(wait, maxBookingMs))
  redis.call('HSET', bucket.hash, 'bookedAt', at + math.ceil(bucket.amount * bucket.windowMs / bucket.limit))
  return at - now
end
local function charge(bucket)
  local slot = math.max(bucket.slot, bucket.newest)
  if slot ~= bucket.slot then bucket.before = tonumber(redis.call('HGET', bucket.hash, slot)) end
  local total, dueAt = bucket.total + bucket.amount, math.max(now, bucket.dueAt) + bucket.amount * bucket.paceMs
  local oldest = bucket.oldest > 0 and bucket.oldest or slot
  redis.call('HSET', bucket.hash, string.format('%d', slot), string.format('%d', bucket.before + bucket.amount),
    'state', struct.pack('dddd', total, dueAt, oldest, slot))
  if slot > bucket.newest then
    redis.call('RPUSH', bucket.slots, slot)
    keep(bucket.windowMs, bucket.hash, bucket.slots)
  end
  return slot, bucket.limit - total
end
local function lease(key, concurrency)
  if concurrency == 0 then return end
  redis.call('ZADD', key, now + args[2], ARGV[1])
  redis.call('PEXPIRE', key, args[2] + spareMs)
end
if redis.call('EXISTS', KEYS[2]) == 1 then return { 'granted' } end
local probe = 'probeAt:' .. ARGV[7]
local gate = redis.call('HMGET', KEYS[1], 'untilMs', 'reason', probe)
local reopensAt, probeAt = tonumber(gate[1] or 0), tonumber(gate[3] or 0)
if reopensAt > now then return { 'denied', reopensAt - now, 'closed', 0, now, gate[2] } end
if probeAt > now then return { 'denied', probeAt - now, 'target', 0, now, '' } end
local buckets = {}
for i = 1, bucketCount do buckets[i] = readBucket(i, reopensAt) end
local wait, number = longestWait(buckets, tenantFrom, bucketCount, KEYS[4], args[5])
if wait > 0 then return { 'denied', number > 0 and book(buckets[number], wait) or wait, 'tenant', number, now, '' } end
wait, number = longestWait(buckets, 1, tenantFrom - 1, KEYS[3], args[4])
if wait > 0 then return { 'denied', wait, 'lane', number, now, '' } end
if probeAt > 0 then -- The breaker of the target is open, and this call finds out whether the target is back.
  local pauseMs = tonumber(redis.call('HGET', KEYS[1], 'pauseMs:' .. ARGV[7]) or 1000)
  redis.call('HSET', KEYS[1], probe, now + pauseMs, 'probedAt:' .. ARGV[7], now,
    'pauseMs:' .. ARGV[7], math.min(pauseMs * 2, maxProbePauseMs))
end
lease(KEYS[3], args[4])
lease(KEYS[4], args[5])
local record, reply = { probeAt > 0 }, { 'granted' }
for i, bucket in ipairs(buckets) do
  local slot, left = charge(bucket)
  record[i * 3 - 1], record[i * 3], record[i * 3 + 1], reply[i + 1] = slot, bucket.amount, bucket.paceMs, left
end
redis.call('SET', KEYS[2], cmsgpack.pack(record), 'PX', args[3])
return reply
