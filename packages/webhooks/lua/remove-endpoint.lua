-- Removes an endpoint with its delivery log's index; the entries go by TTL.
-- KEYS: 1 endpoint, 2 the tenant's endpoints, 3 generation, 4 the endpoint's deliveries
-- ARGV: 1 endpoint id
-- Replies: {1 removed or 0 not there, endpoints left, number of the last announcement}

local removed = redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('DEL', KEYS[4])
if removed == 1 then
  redis.call('HINCRBY', KEYS[3], 'removed', 1)
end
return { removed, redis.call('ZCARD', KEYS[2]), tonumber(redis.call('HGET', KEYS[3], 'reserved') or '0') }
