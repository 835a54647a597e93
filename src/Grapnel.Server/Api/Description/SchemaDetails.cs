using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Grapnel.Server.Api.Description;

/// <summary>Puts into schemas what the platform reads in no attribute: the words that a field may have, and that it is an older name.</summary>
internal static class SchemaDetails
{
    public static Task AddAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.JsonPropertyInfo?.AttributeProvider is PropertyInfo property)
            Add(schema, property);
        return Task.CompletedTask;
    }

    private static void Add(OpenApiSchema schema, PropertyInfo property)
    {
        schema.Deprecated = property.IsDefined(typeof(ObsoleteAttribute));
        if (property.GetCustomAttribute<AllowedValuesAttribute>() is { } allowed)
            schema.Enum = [.. allowed.Values.Select(word => JsonValue.Create((string)word!)), .. MayBeNull(schema) ? [JsonNullSentinel.JsonNull] : Array.Empty<JsonNode>()];
        // A record within a record.
        if (schema.Type == JsonSchemaType.Object && new NullabilityInfoContext().Create(property).ReadState == NullabilityState.Nullable)
            schema.Type |= JsonSchemaType.Null;
        // A map whose values may be null, which remove what they name.
        if (schema.AdditionalProperties is OpenApiSchema values && new NullabilityInfoContext().Create(property).GenericTypeArguments is [_, { ReadState: NullabilityState.Nullable }])
            values.Type |= JsonSchemaType.Null;
    }

    private static bool MayBeNull(OpenApiSchema schema) => schema.Type?.HasFlag(JsonSchemaType.Null) == true;
}
