-- A ticket has started: the lane's virtual time is at least its rank, and its rate of starts is known better. Runs as a part
-- of the script that begins the job, which knows a ticket's rank at its first start only.
-- KEYS: 1 the lane's ranks, 2 prioritised tickets, 3 active tickets (both BullMQ's)
-- ARGV: 1 now (epoch ms); `...` is the rank, as place-ticket.lua returned it, or nil or false when it is not known
-- Returns nothing

local rank = tonumber(... or 0)
local class = math.floor(rank / 2 ^ 51)
if class < 1 then
  return
end
local ranks = KEYS[1]
fetchFields(ranks, class, 'lastStart', 'interval', 'starts', 'backlog', 'peak')
local virtualTime = tonumber(readField(ranks, class) or nil)
if not virtualTime then
  return
end

-- The interval between starts says what the lane can do only while tickets wait and no slot is new: one that is taken for
-- the first time in this backlog starts a ticket without waiting for an end. It is the mean of about the last 64 intervals.
-- A gap far above it is a lane that stood still (closed, or without a worker).
local now, active = tonumber(ARGV[1]), askOnce('LLEN', KEYS[3])
local interval, starts = tonumber(readField(ranks, 'interval') or 0), tonumber(readField(ranks, 'starts') or 0)
local peak = tonumber(readField(ranks, 'peak') or 0)
if readField(ranks, 'backlog') == '1' and active <= peak then
  local gap = math.max(0, now - (readField(ranks, 'lastStart') or 0))
  if starts < 8 or gap <= 10 * interval + 90000 then
    starts = math.min(starts + 1, 64)
    interval = interval + (gap - interval) / starts
  end
end
local isBacklog = askOnce('ZCARD', KEYS[2]) > 0
setField(ranks, class, math.max(virtualTime, rank - class * 2 ^ 51), '%.0f')
setField(ranks, 'lastStart', now)
setField(ranks, 'backlog', isBacklog and '1' or '0')
setField(ranks, 'interval', interval, '%.3f')
setField(ranks, 'starts', starts)
setField(ranks, 'peak', isBacklog and math.max(peak, active) or 0)
