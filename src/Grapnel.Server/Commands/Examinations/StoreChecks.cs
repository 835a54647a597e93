using System.Xml.Linq;
using Grapnel.Server.Hosting;
using Grapnel.Server.Secrets;
using Grapnel.Storage;
using Grapnel.Storage.Examining;

namespace Grapnel.Server.Commands.Examinations;

/// <summary>The store and what is in it: whether it opens, is whole, and moves.</summary>
internal static class StoreChecks
{
    // More than a clock that is kept by NTP is ever off.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(2);

    // What Data Protection encrypts it replaces; on what it had nothing to encrypt with, this stays.
    private static readonly XName RequiresEncryption = XName.Get("requiresEncryption", "http://schemas.asp.net/2015/03/dataProtection");

    public static async Task<IReadOnlyList<Finding>> RunAsync(Examined examined, TimeProvider time, CancellationToken cancel)
    {
        var isFolder = examined.Server.Store == StoreKind.Sqlite;
        var holder = isFolder ? SqliteExamination.FindHolder(examined.Sqlite.Data) : null;
        if (isFolder && Directory.Exists(examined.Folder) && SqliteExamination.FindMissingFile(examined.Sqlite.Data) is { } missing)
            return [Finding.Fault("store", missing, "Put it back before anything else; a backup has it in the state it had then.")];
        try
        {
            var report = isFolder
                ? await Task.Run(() => SqliteExamination.Run(examined.Sqlite.Data, time.GetUtcNow(), examined.StuckAfter), cancel)
                : await PostgresExamination.RunAsync(examined.Postgres, time.GetUtcNow(), examined.StuckAfter, cancel);
            return [.. Judge(examined, report, holder, time.GetUtcNow())];
        }
        catch (StoreOpenException failure)
        {
            return [Finding.Fault("store", failure.Message, isFolder
                ? "Name the server's folder with --data, and run this as the user that the server runs as."
                : "Check Postgres:ConnectionString, and whether the server runs and lets this machine in.")];
        }
    }

    private static IEnumerable<Finding> Judge(Examined examined, StoreReport report, string? holder, DateTimeOffset now)
    {
        if (report.IsOlder)
        {
            yield return Finding.Warning("store", $"The store ({report.Version}) was written by an older version of Grapnel.",
                "Back it up, then start this version on it, or run 'grapnel migrate'.");
            yield break;
        }
        foreach (var damage in report.Damage)
            yield return Finding.Fault("store", $"The database is not whole: {damage}",
                "Stop the server, keep a copy of what there is, and go on from the last backup. If only an index is missing or invalid, make it anew.");
        if (report.Damage.Count > 0)
            yield break;
        yield return Finding.Fine("store", $"{report.Version}, whole, of this version. {report.Pending} pending.");
        foreach (var finding in (IEnumerable<Finding>)[.. Connections(examined, report), .. Lanes(examined, report, holder), .. Clock(report, now), Keys(examined, report)])
            yield return finding;
    }

    private static IEnumerable<Finding> Connections(Examined examined, StoreReport report)
    {
        var needed = Math.Max(1, report.Nodes) * (examined.Postgres.MaxConnections + 1L);
        if (report.Connections is { } granted && granted < needed)
            yield return Finding.Warning("store", $"{Math.Max(1, report.Nodes)} nodes may want {needed} connections, and PostgreSQL grants {granted}.",
                "Raise max_connections, or lower Postgres:MaxConnections.");
    }

    private static IEnumerable<Finding> Lanes(Examined examined, StoreReport report, string? holder)
    {
        var runs = examined.Server.Store == StoreKind.Sqlite ? holder is not null : report.Nodes > report.Lost.Count;
        foreach (var lost in report.Lost)
            yield return Finding.Warning("lanes", $"The node {lost.Name} has no session any more, and owns {lost.Lanes} lanes.",
                runs ? "Others give it up within Node:ExpelAfter. If it stays so, look into their logs." : "Start a server: it gives the lost one up and takes its lanes.");
        if (!runs && report.Pending > 0)
            yield return Finding.Warning("lanes", $"{report.Pending} deliveries are pending, and no server works on this store.", "Start it.");
        // Due times and attempt counts are Redis's then; the rows know of neither.
        else if (examined.Server.Queue == QueueKind.Redis)
            yield return Finding.Fine("lanes", "Redis is the queue: what is due there was not looked at.");
        else if (runs && report.Stuck.Count > 0)
            foreach (var lane in report.Stuck)
                yield return Finding.Fault("lanes",
                    $"Nothing was sent to {lane.Endpoint} for {Duration.Format(examined.StuckAfter)} although something is due; {(lane.Node is { } node ? $"the node {node} owns its lane" : "no node owns its lane")}.",
                    "Ask the API why: /msg/{msg}/endpoint/{endpoint}/why. If the server neither answers nor logs, restart it; nothing is lost by that.");
        else
            yield return Finding.Fine("lanes", holder is null ? "Nothing is stuck." : $"Nothing is stuck. {char.ToUpperInvariant(holder[0])}{holder[1..]} works on the folder.");
    }

    private static IEnumerable<Finding> Clock(StoreReport report, DateTimeOffset now)
    {
        if (report.Clock is { } clock && (now - clock).Duration() > ClockTolerance)
            yield return Finding.Warning("clock", $"This machine's clock and PostgreSQL's are {(now - clock).Duration().TotalSeconds:0.#} s apart.",
                "Have both kept by NTP. Receivers refuse signatures whose time is 5 minutes off.");
        else if (report.Newest is { } newest && newest - now > ClockTolerance)
            yield return Finding.Warning("clock", $"The newest message is from {newest:u}, which this machine's clock has not reached.",
                "Set the clock, by NTP. Receivers refuse signatures whose time is 5 minutes off.");
        else
            yield return Finding.Fine("clock", report.Clock is null ? $"{now:u}, not before the newest message." : $"{now:u}, as PostgreSQL's.");
    }

    // Whether the ring opens what is sealed is what counts; a key that nobody can read may be an old one.
    private static Finding Keys(Examined examined, StoreReport report)
    {
        var folder = SecretsServices.FolderOf(examined.Secrets, examined.Server.Store, examined.Sqlite);
        var texts = folder is null ? report.KeyRing : Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.xml").Select(File.ReadAllText)] : [];
        var keys = texts.Select(Parse).ToList();
        var place = folder is null ? "the table key_ring" : Path.GetFullPath(folder);
        if (keys.Contains(null))
            return Finding.Fault("keys", $"{keys.Count(key => key is null)} of {keys.Count} keys of the key ring in {place} cannot be read.",
                "Restore them from a backup. Without a key, what was protected with it is lost.");
        try
        {
            SecretsServices.ReadOnly(examined.Secrets, () => [.. keys.OfType<XElement>()]).Prove(report.Sealed);
        }
        catch (SecretBoxException failure)
        {
            return Finding.Fault("keys", $"The key ring in {place} does not open the secrets at rest, so no server starts.", failure.Message);
        }
        var plain = keys.OfType<XElement>().Where(key => key.Descendants().Attributes(RequiresEncryption).Any())
            .Select(key => $"key-{key.Attribute("id")?.Value}").ToList();
        if (examined.Secrets.Certificate is not null && plain.Count > 0)
            return Finding.Warning("keys",
                $"{plain.Count} of {keys.Count} keys in the key ring, in {place}, are not encrypted although there is a certificate: {string.Join(", ", plain)}.",
                plain.Intersect(report.Sealed.Select(SecretBox.KeyOf)).Any()
                    ? "Some are still in use: run grapnel admin rotate-key-ring, restart the nodes, and ask the doctor again."
                    : "Nothing but cookies and backups of before needs them: move them out of the ring, to where those backups are.");
        return Finding.Fine("keys", $"{keys.Count} keys in the key ring, in {place}; it opens what is sealed.");
    }

    private static XElement? Parse(string xml)
    {
        try
        {
            return XElement.Parse(xml) is { Name.LocalName: "key" or "revocation" } key ? key : null;
        }
        catch (System.Xml.XmlException)
        {
            return null;
        }
    }
}
