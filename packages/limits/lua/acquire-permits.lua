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
local maxLeaseWaitMs, maxBookingMs, maxProbePauseMs, spareMs = 250, 60000, 5000, 60000
local leaseMs, laneLeases, tenantLeases = tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[4])
local bucketCount, target = tonumber(ARGV[5]), ARGV[7]
local tenantFrom, firstRecord, firstAsk = bucketCount - ARGV[6] + 1, 4 + bucketCount * 2, 8 + bucketCount * 6
local now = tonumber(ARGV[firstAsk + (#KEYS - firstRecord + 1) * (1 + bucketCount)])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
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

local function longestWait(amounts, from, to, leases, concurrency)
  local longest, number = leaseWait(leases, concurrency), 0
  for i = from, to do
    local wait = makeRoom(buckets[i], amounts[i])
    if wait > longest then longest, number = wait, i end
  end
  return longest, number
end

local grantedBefore = redis.call('EXISTS', unpack(KEYS, firstRecord))
local function ask(recordKey, at)
  if grantedBefore > 0 and redis.call('EXISTS', recordKey) == 1 then return { 'granted' } end
  if reopensAt > now then return { 'denied', reopensAt - now, 'closed', 0, now, gate[2] } end
  if probeAt > now then return { 'denied', probeAt - now, 'target', 0, now, '' } end
  if not buckets then
    buckets = {}
    for i = 1, bucketCount do
      local settings = { unpack(ARGV, 2 + 6 * i, 7 + 6 * i) }
      buckets[i] = readBucket({ KEYS[2 + i * 2], KEYS[3 + i * 2] }, settings, now, reopensAt)
    end
  end
  local amounts = {}
  -- What is larger than the whole bucket would wait for ever: it takes all of the bucket and goes.
  for i, bucket in ipairs(buckets) do amounts[i] = math.min(tonumber(ARGV[at + i]), bucket.limit) end
  local wait, number = longestWait(amounts, tenantFrom, bucketCount, KEYS[3], tenantLeases)
  if wait > 0 then
    if number > 0 then wait = book(buckets[number], amounts[number], wait) end
    return { 'denied', wait, 'tenant', number, now, '' }
  end
  wait, number = longestWait(amounts, 1, tenantFrom - 1, KEYS[2], laneLeases)
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
