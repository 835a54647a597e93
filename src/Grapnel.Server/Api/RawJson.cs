using System.Text.Json;
using System.Text.Json.Serialization;

namespace Grapnel.Server.Api;

/// <summary>JSON text that is written into an answer as it stands.</summary>
[JsonConverter(typeof(Converter))]
internal sealed record RawJson(string Text)
{
    internal sealed class Converter : JsonConverter<RawJson>
    {
        public override RawJson Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, RawJson value, JsonSerializerOptions options) => writer.WriteRawValue(value.Text);
    }
}
