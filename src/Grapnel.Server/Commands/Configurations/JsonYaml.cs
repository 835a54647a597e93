using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using ScalarEvent = YamlDotNet.Core.Events.Scalar;

namespace Grapnel.Server.Commands.Configurations;

/// <summary>Writes JSON as YAML, in blocks, so that a change of one value is a change of one line. <see cref="Api.Import.YamlJson"/> reads it back.</summary>
internal static partial class JsonYaml
{
    public static string Write(JsonNode node)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var emitter = new Emitter(text, new EmitterSettings(bestIndent: 2, bestWidth: int.MaxValue, isCanonical: false, maxSimpleKeyLength: 1024));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Write(emitter, node);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void Write(Emitter emitter, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, true, members.Count == 0 ? MappingStyle.Flow : MappingStyle.Block));
                foreach (var (name, value) in members)
                {
                    WriteText(emitter, name, Name().IsMatch(name) ? ScalarStyle.Any : ScalarStyle.DoubleQuoted);
                    Write(emitter, value);
                }
                emitter.Emit(new MappingEnd());
                break;
            case JsonArray items:
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, true, items.Count == 0 ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (var item in items)
                    Write(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                WriteText(emitter, value.GetValue<string>(), value.GetValue<string>().Contains('\n') ? ScalarStyle.Literal : ScalarStyle.Any);
                break;
            default:
                emitter.Emit(new ScalarEvent(AnchorName.Empty, TagName.Empty, node?.ToJsonString() ?? "null", ScalarStyle.Plain, true, false));
                break;
        }
    }

    private static void WriteText(Emitter emitter, string text, ScalarStyle style) => emitter.Emit(new ScalarEvent(
        AnchorName.Empty, TagName.Empty, text, OtherThanText().IsMatch(text) || Odd().IsMatch(text) ? ScalarStyle.DoubleQuoted : style, true, true));

    // What a reader of YAML 1.1 or 1.2 takes for something else, or may: null, true and false in all their spellings, a merge, the default value, and whatever
    // begins like a number or a time.
    [GeneratedRegex(@"\A(?:|~|null|true|false|yes|no|on|off|y|n|<<|=|[-+]?[.0-9].*)\z", RegexOptions.IgnoreCase | RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex OtherThanText();

    // What does not come back from plain text and blocks: control characters, whatever else ends a line for some, and white space before the first line of several.
    [GeneratedRegex(@"[\p{Cc}\u2028\u2029\uFEFF-[\n]]|\A(?=\s).*\n", RegexOptions.Singleline)]
    private static partial Regex Odd();

    // YamlDotNet reads some other names together with what follows, for example those with an asterisk after a space.
    [GeneratedRegex(@"\A[\p{L}0-9_$./-]+\z")]
    private static partial Regex Name();
}
