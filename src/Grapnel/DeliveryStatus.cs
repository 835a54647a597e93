namespace Grapnel;

/// <summary>Where a message stands at an endpoint, in the words and numbers of the Svix API.</summary>
public enum DeliveryStatus
{
    /// <summary>Some attempt succeeded, whatever else happened.</summary>
    Success = 0,

    /// <summary>Still to be done.</summary>
    Pending = 1,

    /// <summary>Failed for good.</summary>
    Fail = 2,

    /// <summary>An attempt is in flight from this node.</summary>
    Sending = 3,

    /// <summary>Ended before it was done: cancelled, or its endpoint deleted.</summary>
    Canceled = 4,
}
