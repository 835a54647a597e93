using System.Text.Json;
using System.Text.Json.Serialization;

namespace Grapnel.Server.Commands.Examinations;

/// <summary>Tells what was found, to people or to programs.</summary>
internal static class Findings
{
    public static void Write(Terminal terminal, IReadOnlyList<Finding> findings)
    {
        foreach (var finding in findings)
        {
            var mark = finding.Severity switch
            {
                Severity.Fine => terminal.Good("fine   "),
                Severity.Warning => terminal.Warning("warning"),
                _ => terminal.Bad("FAULT  "),
            };
            terminal.WriteLines($"{mark}  {finding.Area,-8}  {finding.Text}");
            if (finding.Remedy is { } remedy)
                terminal.WriteLines($"                   {terminal.Dim("To do: " + remedy)}");
        }
        var bad = findings.Count(finding => finding.Severity != Severity.Fine);
        terminal.WriteLines("", bad == 0 ? "All is fine." : bad == 1 ? "1 finding." : $"{bad} findings.");
    }

    public static string ToJson(IReadOnlyList<Finding> findings) =>
        JsonSerializer.Serialize(new Report(findings.All(finding => finding.Severity == Severity.Fine), findings), FindingsJson.Default.Report);

    internal sealed record Report(bool Fine, IReadOnlyList<Finding> Findings);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true)]
[JsonSerializable(typeof(Findings.Report))]
internal sealed partial class FindingsJson : JsonSerializerContext;
