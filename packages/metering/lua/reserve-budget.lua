-- Sets aside what a call may cost in every budget that it counts in, or in none. A job has one reservation: what an earlier
-- run of it left is replaced, and what nobody has settled goes back when its lease ends.
-- Sums are compared as doubles, exact below 9,007 dollars and to a part in 1e15 above.
-- KEYS: 1 reservations, 2 leases, 3 sums of them, 4 spent in the day, 5 spent in the month
-- ARGV: 1 job id, 2 estimate (picodollars; empty: not known), 3 now, 4 end of the lease (epoch ms), 5 number of the job's
--       call, 6… pairs of a scope and its budget: JSON {daily, monthly (picodollars), allowUnknown}
-- Replies: {'reserved'} | {'unknown_price', scope} | {'exceeded', scope, 'daily' | 'monthly'}: what is spent leaves no room
--          | {'wait', scope, period}: what is spent does, but calls under way have it

local function giveBack(jobId)
  local packed = redis.call('HGET', KEYS[1], jobId)
  if not packed then return end
  local kept = cjson.decode(packed)
  for _, scope in ipairs(kept.scopes) do redis.call('HINCRBY', KEYS[3], scope, '-' .. kept.pico) end
  redis.call('HDEL', KEYS[1], jobId)
  redis.call('ZREM', KEYS[2], jobId)
end

for _, jobId in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[3], 'LIMIT', 0, 100)) do giveBack(jobId) end
giveBack(ARGV[1])

local scopes, budgets = {}, {}
for i = 6, #ARGV, 2 do
  scopes[#scopes + 1] = ARGV[i]
  budgets[#budgets + 1] = cjson.decode(ARGV[i + 1])
end
local reserved = redis.call('HMGET', KEYS[3], unpack(scopes))
local spent = { daily = redis.call('HMGET', KEYS[4], unpack(scopes)), monthly = redis.call('HMGET', KEYS[5], unpack(scopes)) }
local waits
for i, scope in ipairs(scopes) do
  local budget = budgets[i]
  if ARGV[2] == '' and (budget.daily or budget.monthly) and not budget.allowUnknown then
    return { 'unknown_price', scope }
  end
  for _, period in ipairs({ 'daily', 'monthly' }) do
    local limit = budget[period] and tonumber(budget[period])
    if limit then
      local total = tonumber(spent[period][i] or 0) + tonumber(ARGV[2] == '' and '0' or ARGV[2])
      if total > limit or tonumber(spent[period][i] or 0) >= limit then return { 'exceeded', scope, period } end
      if total + tonumber(reserved[i] or 0) > limit then waits = waits or { 'wait', scope, period } end
    end
  end
end
if waits then return waits end

-- Nothing to set aside: its cost is not known, or it is free.
local pico = ARGV[2]
if pico == '' or pico == '0' then return { 'reserved' } end
for _, scope in ipairs(scopes) do redis.call('HINCRBY', KEYS[3], scope, pico) end
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode({ pico = pico, scopes = scopes, call = tonumber(ARGV[5]) }))
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
return { 'reserved' }
