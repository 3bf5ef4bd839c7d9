-- A ticket has started: the lane's virtual time is at least its rank. Runs as a part of the script that begins the job.
-- KEYS: 1 the lane's ranks
-- ARGV: none; `...` is the rank, as place-ticket.lua returned it, or nil or false when it is not known
-- Returns nothing

local rank = tonumber(... or 0)
local class = math.floor(rank / 2 ^ 51)
if class < 1 then
  return
end
local start = rank - class * 2 ^ 51
local known = redis.call('HGET', KEYS[1], class)
if known and start > tonumber(known) then
  redis.call('HSET', KEYS[1], class, string.format('%.0f', start))
end
