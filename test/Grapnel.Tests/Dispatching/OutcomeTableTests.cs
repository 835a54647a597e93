using Grapnel.Dispatching;
using Grapnel.Sending;

namespace Grapnel.Tests.Dispatching;

/// <summary>Holds the code to the table that users read in docs/delivery-lifecycle.md.</summary>
public sealed class OutcomeTableTests
{
    private static readonly IReadOnlyList<Row> Table = ReadTable();

    [Fact]
    public void Every_row_of_the_documented_outcome_table_is_true()
    {
        foreach (var row in Table)
        {
            var result = new SendResult(row.Outcome, row.Status, default);
            var verdict = Verdict.Of(result, Trigger.Scheduled, 1, DeliveryOptions.DefaultRetrySchedule, new DeliveryOptions(), 0.5);
            (DeliveryOf(verdict), BreakerOf(verdict), LaneOf(verdict)).ShouldBe((row.Delivery, row.Breaker, row.Lane), row.ToString());
        }
    }

    [Fact]
    public void The_documented_outcome_table_leaves_no_outcome_out() =>
        Table.Select(row => row.Outcome).Distinct().Order().ShouldBe(Enum.GetValues<SendOutcome>().Order());

    [Fact]
    public void The_documented_outcome_table_names_every_status_that_people_ask_about() =>
        Table.Where(row => row.Status != 0).Select(row => row.Status).Order().ShouldBe(
            [200, 204, 299, 301, 302, 307, 400, 401, 404, 408, 409, 410, 413, 421, 425, 429, 500, 502, 503, 504, 599]);

    private static string DeliveryOf(Verdict verdict) => verdict.Kind switch
    {
        VerdictKind.Abandoned => "stays pending",
        var kind => kind.ToString().ToLowerInvariant(),
    };

    private static string BreakerOf(Verdict verdict) => verdict.Sign switch
    {
        ReceiverSign.None => "nothing",
        var sign => sign.ToString().ToLowerInvariant(),
    };

    private static string LaneOf(Verdict verdict) => verdict.LanePauseMs > 0 ? "pauses" : "goes on";

    private static List<Row> ReadTable() =>
    [
        .. from line in File.ReadLines(Path.Combine(RepositoryRoot(), "docs", "delivery-lifecycle.md"))
               .SkipWhile(line => line != "## Outcome table").SkipWhile(line => !line.StartsWith('|')).Skip(2)
               .TakeWhile(line => line.StartsWith('|'))
           let cells = line.Split('|', StringSplitOptions.TrimEntries)
           from answer in cells[1].Split(',', StringSplitOptions.TrimEntries)
           select new Row(answer == "none" ? 0 : int.Parse(answer), Enum.Parse<SendOutcome>(cells[2]), cells[3], cells[4], cells[5]),
    ];

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Grapnel.slnx")))
            folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside of the repository.");
        return folder.FullName;
    }

    private sealed record Row(int Status, SendOutcome Outcome, string Delivery, string Breaker, string Lane);
}
