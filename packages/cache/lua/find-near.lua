-- Finds the questions that are nearest to another one.
-- KEYS: 1 vectors
-- ARGV: 1 vector (FP32), 2 most
-- Replies: a list of {digest of the reply, score (text, 0 to 1: half of 1 + cosine), attributes (JSON)}, the nearest first

local found = redis.call('VSIM', KEYS[1], 'FP32', ARGV[1], 'WITHSCORES', 'COUNT', ARGV[2])
local near = {}
for i = 1, #found, 2 do
  table.insert(near, { found[i], found[i + 1], redis.call('VGETATTR', KEYS[1], found[i]) })
end
return near
