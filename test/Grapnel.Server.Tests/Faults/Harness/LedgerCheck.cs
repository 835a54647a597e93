namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>Compares what a producer was told with what its receivers got. One endpoint per path of the receiver.</summary>
internal sealed class LedgerCheck(Ledger ledger, Receiver receiver, IReadOnlyDictionary<string, string> endpoints)
{
    /// <summary>No outcome waits longer for its group commit, on a machine that is busy with other things.</summary>
    private static readonly TimeSpan SettledWithin = TimeSpan.FromSeconds(5);

    /// <summary>Waits until every message that is acknowledged by now has arrived, successfully, everywhere.</summary>
    public Task WaitUntilDeliveredAsync(TimeSpan? limit = null)
    {
        var owed = Acknowledged.ToList();
        return Eventually.IsTrueAsync("every acknowledged message is delivered", () =>
        {
            var delivered = Delivered();
            return owed.All(published => endpoints.Keys.All(path => delivered.Contains((path, published.BodyHash))));
        }, limit);
    }

    /// <summary>INV1: every acknowledged message has a state at every endpoint, and at the end that is: delivered.</summary>
    public async Task NothingAcknowledgedIsAbsentAsync(Rig rig)
    {
        var wrong = new List<string>();
        await Parallel.ForEachAsync(Acknowledged, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (published, _) =>
        {
            foreach (var endpoint in endpoints.Values)
                if (await EndOfAsync(rig, published.Id!, endpoint) is var why and not "delivered/delivered")
                    lock (wrong)
                        wrong.Add($"{published.Id} at {endpoint}: {why}");
        });
        wrong.ShouldBeEmpty();
    }

    /// <summary>INV2 and INV3: what arrives was published, acknowledged or not, with the same bytes; and to all endpoints or none.</summary>
    public void NothingArrivesThatWasNotPublished()
    {
        var possible = ledger.Published.Where(p => p.Outcome != PublishOutcome.Failed).Select(p => p.BodyHash).ToHashSet();
        receiver.Arrivals.Select(arrival => arrival.BodyHash).Except(possible).ShouldBeEmpty();
        var halves = receiver.Arrivals.GroupBy(arrival => arrival.BodyHash).Where(group => group.DistinctBy(a => a.Path).Count() != endpoints.Count);
        halves.Select(group => group.Key).ShouldBeEmpty();
    }

    /// <summary>INV4: a receiver that uses the stock library takes every single request for genuine.</summary>
    public async Task EverySignatureVerifiesAsync(IReadOnlyDictionary<string, string> secrets)
    {
        var answers = await StockLibrary.VerifyAsync(receiver.Arrivals.Select(arrival => (secrets[arrival.Path], arrival)));
        answers.Length.ShouldBe(receiver.Arrivals.Count);
        answers.ShouldAllBe(answer => answer == "ok");
    }

    /// <summary>
    /// INV5: what arrived successfully arrives again only from the next run of the server, because a kill made its outcome unknown: it was
    /// in flight, or so fresh that it was not settled. Returns how many repeats each kill caused.
    /// </summary>
    public int[] RepeatsByKill()
    {
        var repeats = ledger.Outages.ToDictionary(outage => outage, _ => 0);
        foreach (var deliveries in receiver.Arrivals.Where(a => a.Status == 200).GroupBy(a => (a.Path, a.Id)))
        {
            var inOrder = deliveries.OrderBy(a => a.At).ToArray();
            foreach (var (first, second) in inOrder.Zip(inOrder.Skip(1)))
            {
                var outage = ledger.Outages.FirstOrDefault(outage => first.At < outage.RestartedAt && outage.RestartedAt < second.At);
                outage.ShouldNotBeNull($"{first.Id} came to {first.Path} twice without a reason");
                TimeProvider.System.GetElapsedTime(first.At, outage.KilledAt).ShouldBeLessThan(SettledWithin);
                repeats[outage]++;
            }
        }
        return [.. repeats.Values];
    }

    /// <summary>
    /// The same where several servers share a store, and at some moments one of them, or what they share, died or stood still: returns how many
    /// repeats there were.
    /// </summary>
    public int RepeatsBecauseOf(params IReadOnlyCollection<long> moments)
    {
        var repeats = 0;
        foreach (var deliveries in receiver.Arrivals.Where(a => a.Status == 200).GroupBy(a => (a.Path, a.Id)))
        {
            var inOrder = deliveries.OrderBy(a => a.At).ToArray();
            inOrder.Length.ShouldBeLessThanOrEqualTo(1 + moments.Count, $"{inOrder[0].Id} came to {inOrder[0].Path} too often");
            foreach (var (first, second) in inOrder.Zip(inOrder.Skip(1)))
                moments.ShouldContain(
                    moment => TimeProvider.System.GetElapsedTime(first.At, moment) < SettledWithin && moment < second.At,
                    $"{first.Id} came to {first.Path} twice without a reason");
            repeats += inOrder.Length - 1;
        }
        return repeats;
    }

    /// <summary>Once nothing is pending: every acknowledged message has one success on record at every endpoint, not less and not more.</summary>
    public async Task EveryDeliveryHasOneSuccessOnRecordAsync(Rig rig)
    {
        foreach (var endpoint in endpoints.Values)
        {
            var successes = (await rig.SuccessesAsync(endpoint)).CountBy(success => success.Message).ToDictionary();
            successes.Where(success => success.Value != 1).ShouldBeEmpty();
            Acknowledged.Select(published => published.Id!).Except(successes.Keys).ShouldBeEmpty();
        }
    }

    /// <summary>INV6: a message keeps its id through all attempts, and it is the id that the producer was told.</summary>
    public void EveryMessageHasOneId()
    {
        var ids = receiver.Arrivals.GroupBy(a => a.BodyHash, a => a.Id).ToDictionary(group => group.Key, group => group.Distinct().ToArray());
        ids.Values.ShouldAllBe(id => id.Length == 1);
        Acknowledged.ShouldAllBe(published => ids[published.BodyHash][0] == published.Id);
    }

    private IEnumerable<Published> Acknowledged => ledger.Published.Where(published => published.Outcome == PublishOutcome.Ok);

    private HashSet<(string, string)> Delivered() => [.. receiver.Arrivals.Where(a => a.Status == 200).Select(a => (a.Path, a.BodyHash))];

    // The last outcomes may have arrived, but not be settled yet.
    private static async Task<string> EndOfAsync(Rig rig, string message, string endpoint)
    {
        var why = "";
        try
        {
            await Eventually.IsTrueAsync("it ends", async () => !(why = await rig.WhyAsync(message, endpoint)).StartsWith("pending", StringComparison.Ordinal));
        }
        catch (TimeoutException) { }
        return why;
    }
}
