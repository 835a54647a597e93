-- Gives a lane back, and forgets it where nothing is left. ARGV: the node, or nothing for a lane without an owner.
local owner = redis.call('HGET', KEYS[1], 'node') or ''
if owner ~= ARGV[1] then
  return 0
end
redis.call('HDEL', KEYS[1], 'node')
if redis.call('EXISTS', KEYS[2], KEYS[3], KEYS[5]) == 0 and redis.call('HEXISTS', KEYS[1], 'doubts') == 0 then
  redis.call('DEL', unpack(KEYS))
end
return 1
