namespace Grapnel.Server.Api;

/// <summary>The filters of lists by what became of a message or an attempt, with the numbers that clients know.</summary>
internal static class StatusQuery
{
    /// <summary>The filter <c>status</c>.</summary>
    public static DeliveryStatus? Status(this QueryReader query)
    {
        var number = query.Number("status");
        if (number is { } status && !Enum.IsDefined((DeliveryStatus)status))
            query.Fail("status", "must be 0 (success), 1 (pending), 2 (fail), 3 (sending) or 4 (canceled)");
        return (DeliveryStatus?)number;
    }

    /// <summary>The filter <c>status_code_class</c>.</summary>
    public static int? StatusCodeClass(this QueryReader query)
    {
        var number = query.Number("status_code_class");
        if (number is not (null or 0 or 100 or 200 or 300 or 400 or 500))
            query.Fail("status_code_class", "must be 0 (no answer), 100, 200, 300, 400 or 500");
        return number;
    }
}
