-- Gives leave for upstream calls, one after the other, or says how long until there is room. Each charges every bucket of
-- the lane and of the tenant in it, or none. What is asked together costs less: buckets are read and written once.
-- A granted permit asked for again is granted again and charged once: ioredis resends commands after a reconnect.
-- KEYS  1 gate, 2 leases of the lane, 3 leases of the tenant, then for each bucket: its hash, its list of slots; then for
--       each permit: its record
-- ARGV  1 length of a lease in ms, 2 time to live of a record in ms, 3 concurrency of the lane, 4 of the tenant (0 =
--       unlimited), 5 number of buckets, 6 how many of the last are the tenant's, 7 target, then for each bucket: limit,
--       windowMs (margin included), slotMs, intervalMs (of one unit), toleranceMs, smooth (1 or 0); then for each permit:
--       its id, and for each bucket: amount; last and only in tests: now in epoch ms instead of Redis TIME
-- Reply for each permit {'granted', units left in each bucket…} | {'denied', wait in ms, 'lane' | 'tenant' | 'target' |
--       'closed', number of the bucket (0 = the concurrency), now in epoch ms, reason}
local reopeningMs, maxLeaseWaitMs, maxBookingMs, maxProbePauseMs, spareMs = 60000, 250, 60000, 5000, 60000
local leaseMs, laneLeases, tenantLeases = tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[4])
local bucketCount, target = tonumber(ARGV[5]), ARGV[7]
local tenantFrom, firstRecord, firstAsk = bucketCount - ARGV[6] + 1, 4 + bucketCount * 2, 8 + bucketCount * 6
local now = tonumber(ARGV[firstAsk + (#KEYS - firstRecord + 1) * (1 + bucketCount)])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local function keep(bucketWindowMs, ...)
  for _, key in ipairs({ ... }) do redis.call('PEXPIRE', key, bucketWindowMs * 2 + spareMs) end
end
local function readBucket(index, reopensAt)
  local at, hash, slots = 2 + 6 * index, KEYS[2 + index * 2], KEYS[3 + index * 2]
  local windowMs, slotMs, tolerance = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 4])
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
    redis.call('HSET', hash, slotName, total, 'state', struct.pack('dddd', total, now, slot, slot))
    keep(windowMs, hash, slots)
  elseif newest > slot then
    slot, slotName = newest, string.format('%d', newest)
    used = tonumber(redis.call('HGET', hash, slotName))
  end
  -- After a closure nothing is caught up, and for a while a burst bucket is paced too: no second storm.
  local isPaced = ARGV[at + 5] == '1' or now < reopensAt + math.min(windowMs, reopeningMs)
  return { limit = tonumber(ARGV[at]), windowMs = windowMs, hash = hash, slots = slots, total = total, oldest = oldest,
    newest = newest, slot = slot, slotName = slotName, used = used, tolerance = tolerance, storedDueAt = dueAt,
    dueAt = math.max(dueAt, reopensAt + tolerance), paceMs = isPaced and tonumber(ARGV[at + 3]) or 0 }
end
local function write(bucket)
  if not bucket.isCharged then return end
  bucket.isCharged = false
  redis.call('HSET', bucket.hash, bucket.slotName, string.format('%d', bucket.used),
    'state', struct.pack('dddd', bucket.total, bucket.storedDueAt, bucket.oldest, bucket.newest))
end
-- Takes out the slots that have left the window (each once: O(1) amortised) and returns how long until there is room.
local function makeRoom(bucket, amount)
  local missing, left = bucket.total + amount - bucket.limit, {}
  local wait = bucket.paceMs > 0 and math.ceil(bucket.dueAt - bucket.tolerance - now) or 0
  if missing <= 0 and bucket.oldest > now or bucket.newest == 0 then return wait end
  write(bucket)
  local from, isDone = 0, false
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
-- The tickets of a tenant without room come back one after the other, not all at once.
local function book(bucket, amount, wait)
  local booked = tonumber(redis.call('HGET', bucket.hash, 'bookedAt') or 0)
  local at = math.min(math.max(booked, now + wait), now + math.max(wait, maxBookingMs))
  redis.call('HSET', bucket.hash, 'bookedAt', at + math.ceil(amount * bucket.windowMs / bucket.limit))
  return at - now
end
local function charge(bucket, amount)
  bucket.total, bucket.used, bucket.isCharged = bucket.total + amount, bucket.used + amount, true
  bucket.dueAt = math.max(now, bucket.dueAt) + amount * bucket.paceMs
  bucket.storedDueAt = bucket.dueAt
  if bucket.oldest == 0 then bucket.oldest = bucket.slot end
  if bucket.slot > bucket.newest then
    bucket.newest = bucket.slot
    write(bucket)
    redis.call('RPUSH', bucket.slots, bucket.slotName)
    keep(bucket.windowMs, bucket.hash, bucket.slots)
  end
end
local function lease(key, concurrency, id)
  if concurrency == 0 then return end
  redis.call('ZADD', key, now + leaseMs, id)
  redis.call('PEXPIRE', key, leaseMs + spareMs)
end
local gate = redis.call('HMGET', KEYS[1], 'untilMs', 'reason', 'probeAt:' .. target)
local reopensAt, probeAt, buckets = tonumber(gate[1] or 0), tonumber(gate[3] or 0), nil
-- The breaker of the target is open, and this call finds out whether the target is back.
local function probe()
  local pauseMs = tonumber(redis.call('HGET', KEYS[1], 'pauseMs:' .. target) or 1000)
  probeAt = now + pauseMs
  redis.call('HSET', KEYS[1], 'probeAt:' .. target, probeAt, 'probedAt:' .. target, now,
    'pauseMs:' .. target, math.min(pauseMs * 2, maxProbePauseMs))
end
local function ask(recordKey, at)
  if redis.call('EXISTS', recordKey) == 1 then return { 'granted' } end
  if reopensAt > now then return { 'denied', reopensAt - now, 'closed', 0, now, gate[2] } end
  if probeAt > now then return { 'denied', probeAt - now, 'target', 0, now, '' } end
  if not buckets then
    buckets = {}
    for i = 1, bucketCount do buckets[i] = readBucket(i, reopensAt) end
  end
  local amounts = {}
  -- What is larger than the whole bucket would wait for ever: it takes all of the bucket and goes.
  for i, bucket in ipairs(buckets) do amounts[i] = math.min(tonumber(ARGV[at + i]), bucket.limit) end
  local function longestWait(from, to, leases, concurrency)
    local longest, number = leaseWait(leases, concurrency), 0
    for i = from, to do
      local wait = makeRoom(buckets[i], amounts[i])
      if wait > longest then longest, number = wait, i end
    end
    return longest, number
  end
  local wait, number = longestWait(tenantFrom, bucketCount, KEYS[3], tenantLeases)
  if wait > 0 then
    if number > 0 then wait = book(buckets[number], amounts[number], wait) end
    return { 'denied', wait, 'tenant', number, now, '' }
  end
  wait, number = longestWait(1, tenantFrom - 1, KEYS[2], laneLeases)
  if wait > 0 then return { 'denied', wait, 'lane', number, now, '' } end
  local record, reply = { probeAt > 0 }, { 'granted' }
  if probeAt > 0 then probe() end
  lease(KEYS[2], laneLeases, ARGV[at])
  lease(KEYS[3], tenantLeases, ARGV[at])
  for i, bucket in ipairs(buckets) do
    charge(bucket, amounts[i])
    record[i * 3 - 1], record[i * 3], record[i * 3 + 1] = bucket.slot, amounts[i], bucket.paceMs
    reply[i + 1] = bucket.limit - bucket.total
  end
  redis.call('SET', recordKey, cmsgpack.pack(record), 'PX', ARGV[2])
  return reply
end
local replies = {}
for i = firstRecord, #KEYS do
  replies[#replies + 1] = ask(KEYS[i], firstAsk + (i - firstRecord) * (1 + bucketCount))
end
for _, bucket in ipairs(buckets or {}) do write(bucket) end
return replies
