using System.Text.Json;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Grapnel.Storage.Catalog;

/// <summary>An id as its sixteen bytes, most significant first, so that the order of bytes is the order of time.</summary>
internal sealed class IdConverter<T>() : ValueConverter<Id<T>, byte[]>(id => id.ToBytes(), bytes => Id<T>.FromBytes(bytes))
    where T : IIdentified;

/// <summary>An id as a UUID, whose order in PostgreSQL is that of its bytes too.</summary>
internal sealed class UuidConverter<T>() : ValueConverter<Id<T>, Guid>(id => Uuid.Of(id), uuid => Uuid.To<T>(uuid))
    where T : IIdentified;

/// <summary>A time as Unix milliseconds.</summary>
internal sealed class TimeConverter() : ValueConverter<DateTimeOffset, long>(
    time => time.ToUnixTimeMilliseconds(), ms => DateTimeOffset.FromUnixTimeMilliseconds(ms));

/// <summary>A span of time as milliseconds.</summary>
internal sealed class SpanConverter() : ValueConverter<TimeSpan, long>(
    span => (long)span.TotalMilliseconds, ms => TimeSpan.FromMilliseconds(ms));

/// <summary>A list or dictionary as JSON text.</summary>
internal sealed class JsonConverter<T>() : ValueConverter<T, string>(
    value => JsonSerializer.Serialize(value, JsonSerializerOptions.Default),
    json => JsonSerializer.Deserialize<T>(json, JsonSerializerOptions.Default)!);

/// <summary>Compares by reference: the records are immutable, so nobody changes a list in place.</summary>
internal sealed class ReferenceComparer<T>() : ValueComparer<T>(
    (a, b) => ReferenceEquals(a, b), value => value == null ? 0 : value.GetHashCode(), value => value)
    where T : class;
