using System.Text;
using System.Text.Json;
using Grapnel.Publishing.Schemas;

namespace Grapnel.Server.Console.Events;

/// <summary>Tells what of a payload does not fit a schema, while it is typed.</summary>
internal sealed class PayloadFit
{
    private const int Shown = 6;
    private readonly PayloadSchema _schema;

    private PayloadFit(PayloadSchema schema) => _schema = schema;

    /// <summary>Makes a schema ready; null for a text that payloads cannot be held against.</summary>
    public static PayloadFit? Read(string schema)
    {
        using var json = JsonDocument.Parse(schema);
        // What was read goes on looking at the text.
        return Read(json.RootElement.Clone());
    }

    /// <summary>Makes a schema ready; null for one that payloads cannot be held against.</summary>
    public static PayloadFit? Read(JsonElement schema)
    {
        try
        {
            return new PayloadFit(PayloadSchema.Read(schema));
        }
        catch (SchemaException)
        {
            return null;
        }
    }

    /// <summary>What does not fit, a sentence each; the first few.</summary>
    public IReadOnlyList<string> Faults(string payload)
    {
        var faults = _schema.Check(Encoding.UTF8.GetBytes(payload));
        string[] told = [.. faults.Take(Shown).Select(fault => $"{(fault.Path.Count == 0 ? "The payload" : fault.Pointer)} {fault.Message}.")];
        return faults.Count <= Shown ? told : [.. told, $"And {faults.Count - Shown} more."];
    }
}
