-- Notes that the lane may not have all that it should: it is not complete until someone has walked all rows from now on.
redis.call('HDEL', KEYS[1], 'mark')
return redis.call('HINCRBY', KEYS[1], 'doubts', 1)
