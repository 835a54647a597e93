using System.Globalization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Grapnel.Server.Api.Description;

/// <summary>The schemas of the document: each record once, under its own name, and a reference wherever it is used.</summary>
internal sealed class SchemaShelf(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
{
    private readonly Dictionary<Type, string> _names = [];

    /// <summary>A schema to stand where it is used.</summary>
    public Task<OpenApiSchema> InlineAsync(Type type) => context.GetOrCreateSchemaAsync(type, null, cancellationToken);

    /// <summary>The schema of a parameter.</summary>
    public async Task<OpenApiSchema> InlineAsync(QueryParameter query)
    {
        var schema = await InlineAsync(query.Type);
        schema.Default = query.Default?.DeepClone();
        schema.Minimum = query.Range?.Least.ToString(CultureInfo.InvariantCulture);
        schema.Maximum = query.Range?.Greatest.ToString(CultureInfo.InvariantCulture);
        if (query.Choices.Count > 0)
            schema.Enum = [.. query.Choices.Select(choice => choice.DeepClone())];
        return schema;
    }

    /// <summary>A reference to the schema of a record, which is put on the shelf at its first use.</summary>
    public async Task<IOpenApiSchema> ReferAsync(Type type)
    {
        if (!_names.TryGetValue(type, out var name))
        {
            _names.Add(type, name = NameOf(type));
            var schema = await InlineAsync(type);
            if (ItemOf(type) is { } item)
                ((OpenApiSchema)schema.Properties!["data"]).Items = await ReferAsync(item);
            document.AddComponent(name, schema);
        }
        return new OpenApiSchemaReference(name, document);
    }

    /// <summary>What a list is a list of; null for what is none.</summary>
    public static Type? ItemOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ListOut<>) ? type.GetGenericArguments()[0] : null;

    private static string NameOf(Type type) => ItemOf(type) is { } item ? $"ListResponse_{item.Name}_" : type.Name;
}
