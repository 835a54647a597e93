using System.Text.Json;
using Grapnel.Server.Tests.Faults.Harness;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console.Support;

/// <summary>axe-core, which finds what keeps people from using a page: WCAG 2.2 A and AA.</summary>
internal static class Axe
{
    private static readonly Lazy<string> Script = new(() => File.ReadAllText(Path.Combine(StockLibrary.Folder, "node_modules/axe-core/axe.min.js")));

    /// <summary>The serious and critical violations on a page, each with the element at fault.</summary>
    public static async Task<IReadOnlyList<string>> CheckAsync(IPage page)
    {
        await page.EvaluateAsync(Script.Value);
        var found = await page.EvaluateAsync<JsonElement>(
            "async () => (await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })).violations");
        return
        [
            .. from violation in found.EnumerateArray()
               where violation.GetProperty("impact").GetString() is "serious" or "critical"
               from node in violation.GetProperty("nodes").EnumerateArray()
               select $"{violation.GetProperty("id")}: {violation.GetProperty("help")}: {node.GetProperty("html")}: {node.GetProperty("failureSummary")}",
        ];
    }
}
