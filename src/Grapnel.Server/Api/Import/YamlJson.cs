using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using ScalarEvent = YamlDotNet.Core.Events.Scalar;

namespace Grapnel.Server.Api.Import;

/// <summary>
/// Reads one YAML document as JSON (the core schema of YAML 1.2). Aliases are copied out, so the size of the result is bounded, not just that
/// of the text: a few lines of aliases of aliases stand for billions of nodes.
/// </summary>
internal sealed class YamlJson
{
    private const int MaxDepth = 64;
    private const int MaxNodes = 200_000;
    private readonly Parser _parser;
    private readonly Dictionary<string, (JsonNode? Node, int Count)> _anchors = [];
    private int _nodes;

    private YamlJson(string yaml) => _parser = new Parser(new StringReader(yaml));

    /// <exception cref="InvalidInputException">It is not YAML, or more than is reasonable.</exception>
    public static JsonNode? Read(string yaml, string field)
    {
        try
        {
            return new YamlJson(yaml).ReadDocument();
        }
        catch (YamlException e)
        {
            throw new InvalidInputException(field, $"is not YAML: {e.Message} (line {e.Start.Line}, column {e.Start.Column})");
        }
        catch (ArgumentException)
        {
            // What the scanner lets through of escapes that stand for no character, for example \U99999999.
            throw new InvalidInputException(field, "is not YAML: an escape in it stands for no character");
        }
    }

    private JsonNode? ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (_parser.TryConsume<StreamEnd>(out _))
            return null;
        _parser.Consume<DocumentStart>();
        return ReadNode(0);
    }

    private JsonNode? ReadNode(int depth)
    {
        if (depth > MaxDepth)
            throw new YamlException($"it is nested deeper than {MaxDepth} levels");
        Spend(1);
        var before = _nodes;
        if (_parser.TryConsume<AnchorAlias>(out var alias))
            return Copy(alias.Value.Value);
        var (anchor, node) = _parser.Current is NodeEvent { Anchor: { IsEmpty: false } name } ? (name.Value, ReadContent(depth)) : (null, ReadContent(depth));
        if (anchor is not null)
            _anchors[anchor] = (node, 1 + _nodes - before);
        return node;
    }

    private JsonNode? ReadContent(int depth)
    {
        if (_parser.TryConsume<MappingStart>(out _))
            return ReadMapping(depth);
        if (_parser.TryConsume<SequenceStart>(out _))
            return ReadSequence(depth);
        return ToJson(_parser.Consume<ScalarEvent>());
    }

    private JsonObject ReadMapping(int depth)
    {
        var made = new JsonObject();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var name = _parser.Consume<ScalarEvent>().Value;
            if (made.ContainsKey(name))
                throw new YamlException($"'{name}' is given twice");
            made[name] = ReadNode(depth + 1);
        }
        return made;
    }

    private JsonArray ReadSequence(int depth)
    {
        var made = new JsonArray();
        while (!_parser.TryConsume<SequenceEnd>(out _))
            made.Add(ReadNode(depth + 1));
        return made;
    }

    private JsonNode? Copy(string anchor)
    {
        // An anchor is known once its node is complete, so nothing can contain itself.
        if (!_anchors.TryGetValue(anchor, out var known))
            throw new YamlException($"there is no anchor '{anchor}' before this alias");
        Spend(known.Count);
        return known.Node?.DeepClone();
    }

    private void Spend(int count)
    {
        if ((_nodes += count) > MaxNodes)
            throw new YamlException($"it stands for more than {MaxNodes} values");
    }

    private static JsonValue? ToJson(ScalarEvent scalar)
    {
        var text = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain)
            return JsonValue.Create(text);
        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" => JsonValue.Create(true),
            "false" or "False" or "FALSE" => JsonValue.Create(false),
            _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => JsonValue.Create(whole),
            _ when double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
                CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => JsonValue.Create(number),
            _ => JsonValue.Create(text),
        };
    }
}
