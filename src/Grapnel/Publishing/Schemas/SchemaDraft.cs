using System.Runtime.InteropServices;
using System.Text.Json;
using Json.Schema;
using Json.Schema.Keywords;

namespace Grapnel.Publishing.Schemas;

/// <summary>A draft of JSON Schema that payloads can be held against, with patterns and references whose cost is bounded.</summary>
internal sealed class SchemaDraft
{
    private const int MaxBytes = 256 << 10;
    private const string NotHere = "payloads cannot be held against it here";
    private const string Later = "it came with draft 2020-12: name that as '$schema'";

    private static readonly IKeywordHandler[] Bounded =
    [
        new BoundedPattern(), new BoundedPatternProperties(), new BoundedReference(),
        new RefusedKeyword("$dynamicRef", NotHere), new RefusedKeyword("$recursiveRef", NotHere),
    ];

    private static readonly SchemaDraft[] Known =
    [
        new(MetaSchemas.Draft6, Dialect.Draft06.With(Bounded, MetaSchemas.Draft6Id)),
        new(MetaSchemas.Draft7, Dialect.Draft07.With(Bounded, MetaSchemas.Draft7Id)),
        new(MetaSchemas.Draft201909, Dialect.Draft201909.With(Bounded, MetaSchemas.Draft201909Id)),
        new(MetaSchemas.Draft202012, Dialect.Draft202012.With(Bounded, MetaSchemas.Draft202012Id)),
    ];

    // Where a schema names no draft: 2019-09, which has all of draft 7 but for two keywords that it renamed. What came later is refused, because a
    // check that passes over a keyword is worse than none.
    private static readonly SchemaDraft Unnamed = new(MetaSchemas.Draft201909, Dialect.Draft201909.With(
    [
        .. Bounded, Json.Schema.Keywords.Draft06.DependenciesKeyword.Instance, Json.Schema.Keywords.Draft06.DefinitionsKeyword.Instance,
        new RefusedKeyword("prefixItems", Later),
    ]));

    private readonly JsonSchema _meta;
    private readonly Dialect _dialect;

    private SchemaDraft(JsonSchema meta, Dialect dialect) => (_meta, _dialect) = (meta, dialect);

    /// <summary>The drafts as a schema names them in <c>$schema</c>.</summary>
    public static IEnumerable<string> Names => Known.Select(draft => draft._meta.BaseUri.OriginalString);

    /// <summary>The draft that a schema is of; null for one that is not known here.</summary>
    public static SchemaDraft? Of(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("$schema", out var name) && name.ValueKind == JsonValueKind.String
            ? Known.FirstOrDefault(draft => draft._meta.BaseUri.OriginalString.TrimEnd('#') == name.GetString()!.TrimEnd('#'))
            : Unnamed;

    /// <summary>What is wrong with a schema, and where, by the schema that the draft has of itself; null for a good one.</summary>
    public string? FaultOf(JsonElement schema) =>
        SchemaFaults.Of(_meta.Evaluate(schema, SchemaFaults.Wanted)).FirstOrDefault() is { } fault ? $"#{fault.Pointer} {fault.Message}" : null;

    /// <summary>Makes a schema ready to hold payloads against it.</summary>
    /// <exception cref="SchemaException">That cannot be; the message tells why.</exception>
    public JsonSchema Build(JsonElement schema)
    {
        if (JsonMarshal.GetRawUtf8Value(schema).Length > MaxBytes)
            throw new SchemaException($"has more than {MaxBytes} bytes, too many to hold payloads against");
        try
        {
            var built = BuildOnDeepStack(schema);
            return Dangling(built.Root) is { } reference
                ? throw new SchemaException($"the reference '{reference}' leads nowhere; it must lead to a part of this schema, for nothing is ever fetched")
                : built;
        }
        catch (Exception e) when (e is JsonSchemaException or RefResolutionException or ArgumentException)
        {
            throw new SchemaException(e.Message);
        }
        catch (NotSupportedException)
        {
            throw new SchemaException("a pattern looks around or back, or is too large; payloads cannot be held against that in bounded time");
        }
    }

    // The library follows references by recursion. The longest chain that fits into MaxBytes takes less than half of this stack, and would end the
    // process on that of the thread pool.
    private JsonSchema BuildOnDeepStack(JsonElement schema)
    {
        var built = new Task<JsonSchema>(() => JsonSchema.Build(schema, Options()));
        var thread = new Thread(() => built.RunSynchronously(), maxStackSize: 64 << 20) { Name = "schema" };
        thread.Start();
        return built.GetAwaiter().GetResult();
    }

    // Registries of its own: what is in the common ones stays there, and can be referred to by others.
    private BuildOptions Options()
    {
        var drafts = new DialectRegistry();
        foreach (var draft in Known)
            drafts.Register(draft._dialect);
        return new BuildOptions { SchemaRegistry = new(), DialectRegistry = drafts, Dialect = _dialect };
    }

    // The library would tell only when a payload gets there. A queue, not recursion: references can make a chain longer than the stack.
    private static string? Dangling(JsonSchemaNode root)
    {
        var (seen, open) = (new HashSet<JsonSchemaNode> { root }, new Queue<JsonSchemaNode>([root]));
        while (open.TryDequeue(out var node))
        {
            foreach (var keyword in node.Keywords)
            {
                if (keyword is { Handler: RefKeyword, Subschemas.Length: 0 })
                    return keyword.RawValue.ToString();
                foreach (var part in keyword.Subschemas.Where(seen.Add))
                    open.Enqueue(part);
            }
        }
        return null;
    }
}
