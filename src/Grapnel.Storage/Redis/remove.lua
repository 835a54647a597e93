-- Forgets places of a lane. ARGV: the places.
for i = 2, 5 do
  redis.call('ZREM', KEYS[i], unpack(ARGV))
end
redis.call('HDEL', KEYS[6], unpack(ARGV))
return 0
